using EventSourcing.Explorer.Tests.Serving;
using Microsoft.AspNetCore.Builder;

namespace EventSourcing.Explorer.Tests.Bank;

/// <summary>A log of which a request may not read all at once: every third deposit is under the reference <c>rent</c>.</summary>
public sealed class LongLog : IAsyncDisposable
{
    public const int Events = 5_000;

    private LongLog()
    {
        Counting = new CountingStorage(new InMemoryEventStorage());
        Store = new EventStore(Counting, EventTypes.FromAssemblyOf<Account>());
    }

    public CountingStorage Counting { get; }

    public EventStore Store { get; }

    public TestHost Host { get; private set; } = null!;

    public static async Task<LongLog> OpenAsync()
    {
        var log = new LongLog();
        await log.Store.AppendAsync(
            "account-long", 0, [.. Enumerable.Range(1, Events).Select(i => (object)new MoneyDeposited(1, i % 3 == 0 ? "rent" : "salary"))]);
        await using (var running = log.Store.StartProjections(new ProjectionOptions { RetryDelays = [] }, new ByReference(), new Balances()))
        {
            await running.CatchUpAsync(TimeSpan.FromSeconds(60));
        }

        log.Host = await TestHost.StartAsync(log.Store, app => app.MapEventExplorer("/events", options =>
        {
            SampleBank.Show(options);
            options.ReadModel(new ByReference());
        }));
        return log;
    }

    public async ValueTask DisposeAsync()
    {
        Counting.LetReadsGo();
        await Host.DisposeAsync();
        await Store.DisposeAsync();
    }
}
