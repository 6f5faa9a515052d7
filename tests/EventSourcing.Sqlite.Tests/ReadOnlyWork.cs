using System.Globalization;
using EventSourcing.Sqlite.Tests.ReadModels;
using EventSourcing.Tests.Aggregates;

namespace EventSourcing.Sqlite.Tests;

/// <summary>All that can be done with a store that was opened read-only, as a process of its own that prints what came of it.</summary>
internal static class ReadOnlyWork
{
    public const string Stream = "wallet-a";

    private static SqliteEventStorageOptions ReadOnly { get; } = new() { ReadOnly = true };

    /// <summary>A store with events, a snapshot and a read model.</summary>
    public static async Task MakeAsync(string path, int events = 23)
    {
        await using var store = new EventStore(new SqliteEventStorage(path), Wallets.Types);
        await store.AppendAsync(Stream, 0, [.. Enumerable.Repeat(new CoinPut(1), events)]);
        await store.Aggregate<Wallet>("a").LoadAsync();
        await store.Snapshots().FlushAsync();
        await using var projections = store.StartProjections(new Purses());
        await projections.WaitForAsync(events);
    }

    public static async Task<int> RunAsync(string path, bool asNobody)
    {
        if (asNobody)
        {
            // All code and libraries are loaded while this user may read them.
            using (var folder = new TemporaryFolder())
            {
                await MakeAsync(folder.Store);
                await WorkAsync(folder.Store, TextWriter.Null);
            }

            if (!ForbiddenFileTests.TryBecomeNobody()) return 1;
        }

        await WorkAsync(path, Console.Out);
        return 0;
    }

    private static async Task WorkAsync(string path, TextWriter output)
    {
        await using var store = new EventStore(new SqliteEventStorage(path, ReadOnly), Wallets.Types);
        await SayAsync("head", async () => await store.GetHeadAsync());
        var raw = new LogReadOptions { UnknownEvents = UnknownEvents.AsRaw };
        await SayAsync("events", async () => await store.ReadLogAsync(raw).CountAsync());
        await SayAsync("balance", async () => (await store.Aggregate<Wallet>("a").LoadAsync())!.Balance);
        await SayAsync("document", async () => (await store.ReadModel(new Purses()).FindAsync("a"))!.Coins);
        await SayAsync("sql", async () => await ((SqliteEventStorage)store.Storage).ReadSql<long>("SELECT count(*) FROM event_log"));
        await SayAsync("wait", async () => await store.Storage.WaitForEventsAsync(1));
        var whole = new LedgerVerification { Snapshots = [SnapshotsOf.Aggregate<Wallet>()] };
        await SayAsync("verify", async () => await store.Ledger.VerifyAsync(whole) is { IsSound: false } report ? report : "sound");
        await SayAsync("prove", async () => (await store.Ledger.ProveInclusionAsync(3)).Event.Leaf.Position);
        await SayAsync("append", async () => await store.AppendAsync("wallet-b", 0, [new CoinPut(1)]));
        async Task SayAsync(string what, Func<Task<object>> act)
        {
            try
            {
                var answer = await act();
                await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{what}: {answer}"));
            }
            catch (EventSourcingException refusal)
            {
                await output.WriteLineAsync($"{what}: {refusal.GetType().Name}: {refusal.Message}");
            }
        }
    }

    private static async Task<int> CountAsync<T>(this IAsyncEnumerable<T> all)
    {
        var count = 0;
        await foreach (var _ in all) count++;
        return count;
    }
}
