using System.Security.Cryptography;
using EventSourcing.Tests.Postgres;

namespace EventSourcing.Crash;

/// <summary>The primary is lost under load, and a replica takes its place.</summary>
internal static class PostgresPromotionFault
{
    private const string Origin = "crash.example/ledger";

    /// <summary>With synchronous replication nothing acknowledged is lost, also if somebody cancels the wait for the replica.</summary>
    public static async Task<Tally> SynchronousAsync(int promotions, int seed)
    {
        var tally = new Tally("PostgreSQL: promotion of a synchronous replica under load");
        var random = new Random(seed);
        for (var done = 0; done < promotions; done++)
        {
            var when = $"promotion {done}";
            await using var pair = await Pair.StartAsync(isSynchronous: true);
            var before = new PostgresStore(tally, pair.Primary.ConnectionString());
            await using var load = new PostgresLoad(tally, before, pair.EitherServer, random);
            await load.FillUpAsync(2);
            await KillFault.PauseAsync(random, 400);
            if (done % 2 == 1)
            {
                // The replica hears nothing more, so every commit waits for it. Whoever ends such a wait has told nobody.
                pair.Line.Freeze();
                for (var i = 0; i < 10; i++)
                {
                    await PostgresStore.RunAsync(pair.Primary.ConnectionString(),
                        "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
                    await Task.Delay(20);
                }
            }

            pair.LosePrimary();
            var after = new PostgresStore(tally, pair.Replica.ConnectionString());
            if (!await after.GrowsAsync(20)) tally.AddUnexplained($"{when}: the writers do not go on on the new primary");
            await after.CheckAsync(await load.KillAllAsync(), random, when);
            tally.AddRuns();
        }

        return tally;
    }

    /// <summary>
    /// With asynchronous replication acknowledged events are lost. What must not happen is that this goes unnoticed: the running
    /// store and one that is opened must refuse to serve.
    /// </summary>
    public static async Task<Tally> AsynchronousAsync(int promotions, int seed)
    {
        var tally = new Tally("PostgreSQL: promotion of an asynchronous replica, found by checkpoints (lost: unnoticed)");
        var random = new Random(seed);
        for (var done = 0; done < promotions; done++)
        {
            var when = $"promotion {done}";
            await using var pair = await Pair.StartAsync(isSynchronous: false);
            using var folder = Folder.InMemory();
            using var signer = new Signer();
            await using var store = Open(pair.EitherServer, folder, signer.Note);
            await AppendAsync(store, 40, random, "before");
            pair.Line.Freeze();
            var acknowledged = await AppendAsync(store, 40, random, "behind");
            await store.Ledger.SignCheckpointAsync();
            pair.LosePrimary();
            tally.AddAcknowledged(acknowledged);
            tally.AddRuns();
            var missing = acknowledged - (long)(await PostgresStore.RunAsync(pair.Replica.ConnectionString(),
                "SELECT coalesce(max(position), 0) FROM crash.events"))!;
            if (missing <= 0) tally.AddUnexplained($"{when}: the replica lacks nothing, so there is nothing to find");
            await ExpectRefusalAsync($"{when}: the store that ran through it", store);
            await using (var opened = Open(pair.Replica.ConnectionString(), folder, signer.Note))
                await ExpectRefusalAsync($"{when}: a store that is opened", opened);

            async Task ExpectRefusalAsync(string who, EventStore one)
            {
                // The first calls may find the connection broken, and are repeated; none may be served.
                try
                {
                    await PostgresWork.UntilKnownAsync(one.Storage,
                        new Workload(random.Next(), FormattableString.Invariant($"after-{Guid.NewGuid():N}")).Next().Request);
                    tally.AddLost(missing, $"{who} has taken an append");
                }
                catch (StoreRolledBackException)
                {
                    // So it must be.
                }
                catch (Exception e)
                {
                    tally.AddUnexplained($"{who}: {CallWork.Say(e)}");
                }
            }
        }

        return tally;
    }

    /// <summary>The control: the same without checkpoints loses, and nobody is told.</summary>
    public static async Task<Tally> ControlAsync(int promotions, int seed)
    {
        var tally = new Tally("PostgreSQL: promotion of an asynchronous replica, without checkpoints", isControl: true);
        var random = new Random(seed);
        for (var done = 0; done < promotions; done++)
        {
            await using var pair = await Pair.StartAsync(isSynchronous: false);
            var before = new PostgresStore(tally, pair.Primary.ConnectionString());
            await using var load = new PostgresLoad(tally, before, pair.Primary.ConnectionString(), random);
            await load.FillUpAsync(2);
            pair.Line.Freeze();
            await before.GrowsAsync(50);
            var acknowledged = await load.KillAllAsync();
            pair.LosePrimary();
            await new PostgresStore(tally, pair.Replica.ConnectionString()).CheckAsync(acknowledged, random, $"promotion {done}");
            tally.AddRuns();
        }

        return tally;
    }

    private static EventStore Open(string connectionString, Folder folder, EcdsaNoteSigner signer) => new(
        PostgresStore.Open(connectionString, "crash"),
        new EventTypes(),
        new EventStoreOptions
        {
            Ledger = new LedgerOptions { Origin = Origin, Signers = [signer],
                Sink = new FileCheckpointSink(folder.FileNamed("checkpoints")), EveryEvents = null, Interval = null },
        });

    /// <returns>The last position.</returns>
    private static async Task<long> AppendAsync(EventStore store, int appends, Random random, string name)
    {
        var workload = new Workload(random.Next(), name);
        var position = 0L;
        for (var i = 0; i < appends; i++) position = (await store.Storage.AppendAsync(workload.Next().Request)).Position;
        return position;
    }

    private sealed class Signer : IDisposable
    {
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        public Signer() => Note = new EcdsaNoteSigner(Origin, _key);

        public EcdsaNoteSigner Note { get; }

        public void Dispose() => _key.Dispose();
    }

    /// <summary>A primary and its replica, and the line between them.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        private Pair(PostgresInstance primary, PostgresInstance replica, TcpProxy line) => (Primary, Replica, Line) =
            (primary, replica, line);

        public PostgresInstance Primary { get; }

        public PostgresInstance Replica { get; }

        public TcpProxy Line { get; }

        /// <summary>How an app says that it writes to whichever of both is the primary.</summary>
        public string EitherServer =>
            $"Host=127.0.0.1:{Primary.Port},127.0.0.1:{Replica.Port};Username=postgres;Database=postgres;Target Session Attributes=primary";

        public static async Task<Pair> StartAsync(bool isSynchronous)
        {
            var primary = PostgresInstance.Start(PostgresStore.Binaries(), isDurable: true);
            var line = new TcpProxy(primary.Port);
            var replica = PostgresInstance.StartReplica(primary, "standby", through: line.Port);
            if (isSynchronous)
            {
                primary.Configure(["synchronous_standby_names = 'standby'"]);
                primary.Reload();
            }

            using var patience = new CancellationTokenSource(PostgresStore.Patience);
            while (await PostgresStore.RunAsync(primary.ConnectionString(),
                "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'") is not string state
                || state != (isSynchronous ? "sync" : "async"))
                await Task.Delay(20, patience.Token);
            return new Pair(primary, replica, line);
        }

        /// <summary>The primary is gone as in a crash of its host, and the replica takes its place with what it has.</summary>
        public void LosePrimary()
        {
            Primary.Stop("immediate");
            Line.Cut();
            Line.Thaw();
            Replica.Promote();
        }

        public async ValueTask DisposeAsync()
        {
            Replica.Dispose();
            await Line.DisposeAsync();
            Primary.Dispose();
        }
    }
}
