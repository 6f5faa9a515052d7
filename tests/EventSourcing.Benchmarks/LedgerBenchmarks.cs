using System.Diagnostics;
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
        ("ledger-verify", VerifyAsync),
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

    /// <summary>How long a verification takes, of all and from a checkpoint at 99 %, and a proof: seconds, not ratios, as there is nothing to compare them with.</summary>
    private async Task VerifyAsync()
    {
        var count = quick ? 100_000 : 1_000_000;
        await using var store = Open(NewFile(), withoutLedger: false);
        var from = default(Checkpoint);
        var data = new byte[200];
        for (var appended = 0; appended < count; appended += 1_000)
        {
            Random.Shared.NextBytes(data);
            await store.Storage.AppendAsync(new AppendRequest([new StreamWrite($"s-{appended / 1_000 % 997}", ExpectedVersion.Any, [.. Enumerable.Range(0, 1_000).Select(_ => new NewEvent(Guid.CreateVersion7(), "measured", data))])]));
            if (from is null && appended + 1_000 >= count / 100 * 99) from = await CheckpointAsync(store);
        }

        var newest = await CheckpointAsync(store);
        await PrintAsync($"verify {count:N0} events of 200 bytes", "6 s", () => ExpectSoundAsync(store, new LedgerVerification { Checkpoints = [newest] }));
        await PrintAsync("the same from a checkpoint at 99 %", "0.3 s", () => ExpectSoundAsync(store, new LedgerVerification { From = from, Checkpoints = [newest] }));
        var proofs = new List<double>();
        for (var i = 0; i < 1_100; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await store.Ledger.ProveInclusionAsync(Random.Shared.Next(1, count + 1));
            if (i >= 100) proofs.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| prove one of {count:N0} events, median of 1,000 | | {Median(proofs):0.00} ms | | 1 ms |"));

        static async Task<Checkpoint> CheckpointAsync(EventStore store)
        {
            var frontier = await store.Storage.Ledger.GetFrontierAsync();
            return new Checkpoint("bench.example/log", frontier.Size, frontier.Root());
        }

        static async Task ExpectSoundAsync(EventStore store, LedgerVerification verification)
        {
            if (await store.Ledger.VerifyAsync(verification) is { IsSound: false } report) throw new InvalidOperationException(string.Join("; ", report.Findings));
        }

        static async Task PrintAsync(string work, string aim, Func<Task> verify)
        {
            await verify();
            using var process = Process.GetCurrentProcess();
            var (wall, cpu) = (Stopwatch.StartNew(), process.TotalProcessorTime);
            await verify();
            process.Refresh();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {work} | | {wall.Elapsed.TotalSeconds:0.00} s, {(process.TotalProcessorTime - cpu).TotalSeconds:0.00} s of processor time | | {aim} |"));
        }
    }

    private string NewFile() => Path.Combine(_folder.FullName, string.Create(CultureInfo.InvariantCulture, $"{++_file}.db"));

    private static EventStore Open(string path, bool withoutLedger) => new(
        new SqliteEventStorage(path, new SqliteEventStorageOptions { WithoutLedger = withoutLedger }),
        new EventTypes(EventType.Of<OrderItemAdded>()),
        new EventStoreOptions { Json = ShopJson.Default.Options });
}
