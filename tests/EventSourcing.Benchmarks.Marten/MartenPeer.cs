using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;

namespace EventSourcing.Benchmarks.Peers;

/// <summary>
/// The work of the benchmark done by Marten, as its documentation has it for speed: quick appends, streams by name, no identity
/// map.
/// </summary>
internal sealed class MartenPeer : IAsyncDisposable
{
    private const int Customers = 5_000;
    private readonly DocumentStore _store;
    private int _run;
    private int _streams;

    public MartenPeer(string connectionString) => _store = DocumentStore.For(options =>
    {
        options.Connection(connectionString);
        options.DatabaseSchemaName = "marten";
        options.AutoCreateSchemaObjects = AutoCreate.All;
        options.DisableNpgsqlLogging = true;
        options.Events.StreamIdentity = StreamIdentity.AsString;
        options.Events.AppendMode = EventAppendMode.Quick;
        options.Events.AddEventType<OrderItemAdded>();
        options.Projections.Add<CustomerTotals>(ProjectionLifecycle.Async);
    });

    public async Task<int> AppendAsync(int callers, int perAppend, int appends)
    {
        var (run, each) = (++_run, appends / callers);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++)
            {
                await using var session = _store.LightweightSession();
                var events = Enumerable.Range(i * perAppend, perAppend).Select(Event).ToArray<object>();
                if (i == 0) session.Events.StartStream($"run-{run}-{caller}", events);
                else session.Events.Append($"run-{run}-{caller}", (i + 1) * perAppend, events);
                await session.SaveChangesAsync();
            }
        })));
        return each * callers * perAppend;
    }

    public async Task<int> FillAsync(int events, int perStream)
    {
        await _store.Advanced.Clean.DeleteAllEventDataAsync();
        _streams = events / perStream;
        for (var stream = 0; stream < _streams; stream++)
        {
            await using var session = _store.LightweightSession();
            session.Events.StartStream($"order-{stream}", Enumerable.Range(stream * perStream, perStream).Select(Event).ToArray<object>());
            await session.SaveChangesAsync();
        }

        return events;
    }

    public async Task<int> ReadStreamsAsync(int reads)
    {
        var count = 0;
        for (var i = 0; i < reads; i++)
        {
            await using var session = _store.QuerySession();
            count += (await session.Events.FetchStreamAsync($"order-{i % _streams}")).Count;
        }

        return count;
    }

    public async Task<int> ReadLogAsync()
    {
        await using var session = _store.QuerySession();
        var (count, last) = (0, 0L);
        while (true)
        {
            var page = await session.Events.QueryAllRawEvents().Where(e => e.Sequence > last)
                .OrderBy(e => e.Sequence).Take(1_000).ToListAsync();
            if (page.Count == 0) return count;
            count += page.Count;
            last = page[^1].Sequence;
        }
    }

    public async Task<int> LoadAsync(int loads)
    {
        for (var i = 0; i < loads; i++)
        {
            await using var session = _store.QuerySession();
            var order = await session.Events.AggregateStreamAsync<Order>($"order-{i % _streams}");
            if (order is not { Items: > 0 }) throw new InvalidOperationException("The order has no items.");
        }

        return loads;
    }

    public async Task<int> CatchUpAsync()
    {
        using var daemon = await _store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await daemon.WaitForNonStaleData(TimeSpan.FromMinutes(10));
        await daemon.StopAllAsync();
        await using var session = _store.QuerySession();
        if (await session.Query<CustomerTotal>().CountAsync() == 0) throw new InvalidOperationException("Nothing was projected.");
        return (int)(await _store.Advanced.FetchEventStoreStatistics()).EventCount;
    }

    public async ValueTask DisposeAsync() => await _store.DisposeAsync();

    private static OrderItemAdded Event(int i) =>
        OrderItemAdded.Number(i) with { CustomerId = $"customer-{(int)(i * 2_654_435_761L % Customers):000000}" };
}
