using System.Globalization;
using static EventSourcing.Benchmarks.Measurement;

namespace EventSourcing.Benchmarks;

/// <summary>What the Merkle tree costs: the SQLite storage with it against the same storage without, on real files.</summary>
internal sealed class LedgerBenchmarks(bool quick) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("es-bench-");
    private readonly OrderItemAdded[] _events = [.. Enumerable.Range(0, 10_000).Select(OrderItemAdded.Number)];
    private readonly int _rounds = quick ? 5 : 15;
    private int _file;

    public IEnumerable<(string Name, Func<Task> Measure)> All =>
    [
        ("ledger-append-1", () => MeasureAsync("1 event per append, one caller, with the tree (floor: without)", 0.97, store => AppendAsync(store, 1, quick ? 2_000 : 5_000))),
        ("ledger-append-100", () => MeasureAsync("100 events per append, one caller, with the tree (floor: without)", 0.90, store => AppendAsync(store, 100, quick ? 300 : 500))),
        ("ledger-callers-64", () => MeasureAsync("64 callers, one event per append, with the tree (floor: without)", 0.90, store => CallersAsync(store, 64, quick ? 16_000 : 40_000))),
        ("ledger-bytes", BytesAsync),
    ];

    public void Dispose() => _folder.Delete(recursive: true);

    private Task MeasureAsync(string work, double target, Func<EventStore, Task<double>> measure)
    {
        return new Measurement(work, target, _ => OnNewFileAsync(withoutLedger: true), _ => OnNewFileAsync(withoutLedger: false)).RunAsync(_rounds);

        async Task<double> OnNewFileAsync(bool withoutLedger)
        {
            await using var store = Open(NewFile(), withoutLedger);
            await store.AppendAsync("warm", 0, _events[..1]);
            return await measure(store);
        }
    }

    private Task<double> AppendAsync(EventStore store, int batch, int appends) => RateAsync(appends * batch, async () =>
    {
        for (var i = 0; i < appends; i++) await store.AppendAsync($"order-{i % 100}", i / 100 * batch, new ArraySegment<object>(_events, i * batch % (10_000 - batch), batch));
    });

    private Task<double> CallersAsync(EventStore store, int callers, int appends)
    {
        var each = appends / callers;
        return RateAsync(each * callers, () => Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++) await store.AppendAsync($"order-{caller}", i, [_events[i]]);
        }))));
    }

    private async Task BytesAsync()
    {
        var (without, with) = (await SizeAsync(withoutLedger: true), await SizeAsync(withoutLedger: false));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| bytes of the file of 100,000 events, with the tree (floor: without, but with room for the salts) | {without:N0} | {with:N0} | {(double)with / without:0.000} | 1.010 |{(with > without * 1.01 ? " above" : "")}"));

        async Task<long> SizeAsync(bool withoutLedger)
        {
            var file = NewFile();
            await using (var store = Open(file, withoutLedger)) await AppendAsync(store, 100, 1_000);
            return new FileInfo(file).Length;
        }
    }

    private string NewFile() => Path.Combine(_folder.FullName, string.Create(CultureInfo.InvariantCulture, $"{++_file}.db"));

    private static EventStore Open(string path, bool withoutLedger) => new(
        new SqliteEventStorage(path, new SqliteEventStorageOptions { WithoutLedger = withoutLedger }),
        new EventTypes(EventType.Of<OrderItemAdded>()),
        new EventStoreOptions { Json = ShopJson.Default.Options });
}
