using EventSourcing.Tests.Postgres;
using EventSourcing.Tests.Projections;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>A streaming replica serves reads and queries, and waits for what was appended on the primary.</summary>
public sealed class ReplicaTests : IClassFixture<ReplicaTests.Pair>
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(60);
    private readonly Pair _pair;
    private readonly string _schema = "es_" + Guid.NewGuid().ToString("N")[..16];

    public ReplicaTests(Pair pair) => _pair = pair;

    [OwnServerFact]
    public async Task Replica_shows_an_append_to_who_waits_for_its_position()
    {
        await using var primary = OpenPrimary();
        await primary.AppendAsync(Some.Append("s", 0));
        await using var replica = await OpenReplicaAsync(ReadOnly);
        for (var i = 1; i < 40; i++)
        {
            var result = await primary.AppendAsync(Some.Append("s", i, Some.Event(tags: "t")));
            (await replica.WaitForEventsAsync(result.Position - 1).AsTask().WaitAsync(Never)).Should()
                .BeGreaterThanOrEqualTo(result.Position);
            using var page = await replica.ReadStreamAsync(new StreamRead("s") { Direction = ReadDirection.Backwards, Limit = 1 });
            page.Events[0].Position.Should().Be(result.Position);
        }

        (await Some.ExpectRegularAsync(replica)).Should().HaveCount(40);
        (await replica.Ledger.GetFrontierAsync()).Root().Should().Be((await primary.Ledger.GetFrontierAsync()).Root());
        using var tagged = await replica.ReadLogAsync(new LogRead { Filter = EventQuery.Any([new EventQueryItem([], ["t"])]),
            Limit = 100 });
        tagged.Count.Should().Be(39);
    }

    [OwnServerFact]
    public async Task Replica_shows_a_read_model_to_who_waits_for_its_position()
    {
        await using var store = new EventStore(OpenPrimary(), Tallied.Types);
        await using var running = store.StartProjections(new Tallies());
        var result = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await running.WaitForAsync(result);
        await using var replica = new EventStore(await OpenReplicaAsync(ReadOnly), Tallied.Types);
        await UntilAsync(async () => await replica.ReadModel(new Tallies()).GetPositionAsync() >= result.Position);
        (await replica.ReadModel(new Tallies()).FindAsync("a"))!.Applied.Should().Equal(result.Position);
    }

    [OwnServerFact]
    public async Task Replica_refuses_what_would_write_and_stays_as_it_is()
    {
        await using var primary = OpenPrimary();
        await primary.AppendAsync(Some.Append("s", 0));
        await using var replica = await OpenReplicaAsync(ReadOnly);
        replica.IsReadOnly.Should().BeTrue();
        await FluentActions.Awaiting(() => replica.AppendAsync(Some.Append("s", 1)).AsTask()).Should().ThrowAsync<StoreReadOnlyException>();
        await FluentActions.Awaiting(() =>
            replica.ReadModels.CommitAsync(new ReadModelCommit { Creates = [new ReadModelDefinition("m", [])] }).AsTask()).Should()
            .ThrowAsync<StoreReadOnlyException>();
        (await primary.GetHeadAsync()).Should().Be(1);
    }

    [OwnServerFact]
    public async Task Replica_that_is_opened_to_write_says_that_it_is_one()
    {
        await using (var primary = OpenPrimary()) await primary.AppendAsync(Some.Append("s", 0));
        await using var replica = await OpenReplicaAsync(options => options with { BusyTimeout = TimeSpan.FromMilliseconds(500) });
        var refused = await FluentActions.Awaiting(() => replica.AppendAsync(Some.Append("s", 1)).AsTask()).Should()
            .ThrowAsync<EventSourcingException>();
        refused.Which.Should().Match<EventSourcingException>(e => e is StorageFailedException
            && !((StorageFailedException)e).OutcomeIsUnknown || e is IncompatibleStoreException);
        refused.Which.Message.Should().MatchRegex("replica|standby|read-only|recovery");
    }

    private static PostgresEventStorageOptions ReadOnly(PostgresEventStorageOptions options) => options with { ReadOnly = true };

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = new CancellationTokenSource(Never);
        while (!await isSo()) await Task.Delay(5, patience.Token);
    }

    private PostgresEventStorage OpenPrimary() => new(_pair.Primary.ConnectionString(), OneSchema.OptionsFor(_schema));

    /// <summary>Opens the store on the replica once it is there: who reads a replica may come before the store's own tables.</summary>
    private async Task<PostgresEventStorage> OpenReplicaAsync(Func<PostgresEventStorageOptions, PostgresEventStorageOptions> with)
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(_pair.Replica.ConnectionString());
        await UntilAsync(async () =>
        {
            await using var command = source.CreateCommand($"SELECT to_regclass('\"{_schema}\".events') IS NOT NULL");
            return await command.ExecuteScalarAsync() is true;
        });
        return new PostgresEventStorage(_pair.Replica.ConnectionString(), with(OneSchema.OptionsFor(_schema)));
    }

    /// <summary>A primary and its replica, started by the first test that needs them.</summary>
    public sealed class Pair : IDisposable
    {
        private readonly Lazy<PostgresInstance> _primary = new(() => PostgresInstance.Start(PostgresServer.Binaries, isDurable: false));
        private readonly Lazy<PostgresInstance> _replica;

        public Pair() => _replica = new Lazy<PostgresInstance>(() => PostgresInstance.StartReplica(_primary.Value, "replica"));

        internal PostgresInstance Primary => _primary.Value;

        internal PostgresInstance Replica => _replica.Value;

        public void Dispose()
        {
            if (_replica.IsValueCreated) _replica.Value.Dispose();
            if (_primary.IsValueCreated) _primary.Value.Dispose();
        }
    }
}
