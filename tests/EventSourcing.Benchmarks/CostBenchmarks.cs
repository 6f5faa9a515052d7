using System.Diagnostics;
using System.Globalization;

namespace EventSourcing.Benchmarks;

/// <summary>
/// What each hot path of the SQLite storage costs per event: processor time of the whole process, and bytes allocated. Both
/// depend less on what else the machine does than a rate does, so that the library can be compared with its own past.
/// </summary>
internal sealed class CostBenchmarks(bool quick) : IDisposable
{
    private const int Rounds = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("benchmark-");
    private readonly OrderItemAdded[] _events = [.. Enumerable.Range(0, 10_000).Select(OrderItemAdded.Number)];
    private int _file;

    public void Dispose() => _folder.Delete(recursive: true);

    public async Task RunAsync()
    {
        var scale = quick ? 1 : 4;
        Console.WriteLine("| work | CPU per event, µs: least (median) | allocated per event, bytes | elapsed per event, µs: least |");
        Console.WriteLine("|---|---|---|---|");
        await MeasureAsync("append 1 event", () => AppendAsync(1, 2_500 * scale));
        await MeasureAsync("append 100 events", () => AppendAsync(100, 200 * scale));
        await MeasureAsync("append 1 event, 64 callers", () => CallersAsync(64, 16_000 * scale));
        await MeasureAsync("append 1 event with an inline projection", () => InlineAsync(1_500 * scale));

        var path = NewFile();
        var filled = 100_000;
        await using (var store = Open(path))
            for (var i = 0; i < filled; i += 100) await store.AppendAsync($"order-{i / 100}", 0, new ArraySegment<object>(_events, i % 9_900, 100));
        await using (var store = Open(path))
        {
            await MeasureAsync("read the log", () => CostOfAsync(filled, async () =>
            {
                await foreach (var e in store.ReadLogAsync()) GC.KeepAlive(e);
            }));
            await MeasureAsync("read a stream of 100", () => CostOfAsync(1_000 * 100, async () =>
            {
                for (var i = 0; i < 1_000; i++)
                    await foreach (var e in store.ReadStreamAsync($"order-{i}")) GC.KeepAlive(e);
            }));
            await MeasureAsync("load an aggregate of 100", () => CostOfAsync(1_000 * 100, async () =>
            {
                for (var i = 0; i < 1_000; i++) await store.Aggregate<Order>($"{i}").LoadAsync();
            }));
        }

        await MeasureAsync("catch up into documents", () => CatchUpAsync(path, filled, new CustomerTotals()));
        await MeasureAsync("catch up into a table", () => CatchUpAsync(path, filled, new CustomerTable()));
        await using (var store = Open(path))
            await MeasureAsync("verify", () => CostOfAsync(filled, async () =>
            {
                if (!(await store.Ledger.VerifyAsync()).IsSound) throw new InvalidOperationException("The log is not sound.");
            }));
    }

    private static async Task MeasureAsync(string work, Func<Task<Cost>> measure)
    {
        await measure();
        var costs = new List<Cost>();
        for (var round = 0; round < Rounds; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            costs.Add(await measure());
        }

        var cpu = costs.Select(cost => cost.Cpu).Order().ToList();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {work} | {cpu[0]:0.00} ({cpu[Rounds / 2]:0.00}) | {costs.Min(cost => cost.Bytes):0} | {costs.Min(cost => cost.Elapsed):0.00} |"));
    }

    private static async Task<Cost> CostOfAsync(int events, Func<Task> work)
    {
        var (cpu, bytes, clock) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(precise: true), Stopwatch.StartNew());
        await work();
        var elapsed = clock.Elapsed;
        return new Cost(
            (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / events,
            (double)(GC.GetTotalAllocatedBytes(precise: true) - bytes) / events,
            elapsed.TotalMicroseconds / events);
    }

    private static EventStore Open(string path, params Projection[] inline)
    {
        var options = new EventStoreOptions { Json = ProjectedJson.Default.Options };
        if (inline.Length > 0) options = options.WithInlineProjections(inline);
        return new EventStore(new SqliteEventStorage(path), new EventTypes(EventType.Of<OrderItemAdded>()), options);
    }

    private string NewFile() => Path.Combine(_folder.FullName, string.Create(CultureInfo.InvariantCulture, $"{++_file}.db"));

    private async Task<Cost> AppendAsync(int batch, int appends)
    {
        await using var store = Open(NewFile());
        await store.AppendAsync("warm", 0, _events[..batch]);
        return await CostOfAsync(appends * batch, async () =>
        {
            for (var i = 0; i < appends; i++)
                await store.AppendAsync($"order-{i % 100}", i / 100 * batch, new ArraySegment<object>(_events, i * batch % (10_000 - batch), batch));
        });
    }

    private async Task<Cost> CallersAsync(int callers, int appends)
    {
        await using var store = Open(NewFile());
        await store.AppendAsync("warm", 0, _events[..1]);
        var each = appends / callers;
        return await CostOfAsync(each * callers, () => Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++) await store.AppendAsync($"order-{caller}", i, [_events[((caller * each) + i) % 10_000]]);
        }))));
    }

    private async Task<Cost> InlineAsync(int appends)
    {
        await using var store = Open(NewFile(), new CustomerTotals());
        await store.AppendAsync("warm", 0, _events[..1]);
        return await CostOfAsync(appends, async () =>
        {
            for (var i = 0; i < appends; i++) await store.AppendAsync($"order-{i % 100}", i / 100, [_events[i % 10_000]]);
        });
    }

    private async Task<Cost> CatchUpAsync(string path, int events, Projection projection)
    {
        var copy = NewFile();
        File.Copy(path, copy);
        await using var store = Open(copy);
        await store.GetHeadAsync();
        return await CostOfAsync(events, async () =>
        {
            await using var running = store.StartProjections(projection);
            await running.CatchUpAsync(Patience);
        });
    }

    /// <summary>Per event: microseconds of processor time, bytes allocated, microseconds elapsed.</summary>
    private readonly record struct Cost(double Cpu, double Bytes, double Elapsed);
}
