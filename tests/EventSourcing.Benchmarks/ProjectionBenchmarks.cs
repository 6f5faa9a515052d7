using System.Diagnostics;
using System.Globalization;
using static EventSourcing.Benchmarks.Measurement;

namespace EventSourcing.Benchmarks;

/// <summary>Projections on SQLite: catching up against the hand-written loop, and what they cost those who append and read.</summary>
internal sealed class ProjectionBenchmarks(bool quick) : IDisposable
{
    private const int Customers = 5_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("es-bench-");
    private readonly int _rounds = quick ? 3 : 7;
    private readonly int _stored = quick ? 50_000 : 200_000;
    private (string Raw, string Ours)? _filled;
    private int _file;

    public IEnumerable<(string Name, Func<Task> Measure)> All =>
    [
        ("project-documents", () => CatchUpAsync("documents", 0.6, raw => raw.FoldIntoDocuments(), () => new CustomerTotals())),
        ("project-table", () => CatchUpAsync("a table", 0.7, raw => raw.FoldIntoTable(), () => new CustomerTable())),
        ("project-inline-1", () => InlineAsync(1, quick ? 1_000 : 4_000)),
        ("project-inline-64", () => InlineAsync(64, quick ? 8_000 : 32_000)),
        ("project-visible", () => VisibleAsync(quick ? 300 : 2_000)),
        ("project-level", () => LevelAsync(20, quick ? 2_000 : 10_000)),
        ("project-rebuild", RebuildAsync),
    ];

    public void Dispose() => _folder.Delete(recursive: true);

    private static OrderItemAdded Event(int i) => OrderItemAdded.Number(i) with { CustomerId = $"customer-{(int)(i * 2_654_435_761L % Customers):000000}" };

    private static EventStore Open(string path, params Projection[] inline)
    {
        var options = new EventStoreOptions { Json = ProjectedJson.Default.Options };
        if (inline.Length > 0) options = options.WithInlineProjections(inline);
        return new EventStore(new SqliteEventStorage(path), new EventTypes(EventType.Of<OrderItemAdded>()), options);
    }

    private string NewFile() => Path.Combine(_folder.FullName, string.Create(CultureInfo.InvariantCulture, $"{++_file}.db"));

    /// <summary>Both files with the same events in them, made once.</summary>
    private async Task<(string Raw, string Ours)> FilledAsync()
    {
        if (_filled is { } filled) return filled;
        var (rawPath, path) = (NewFile(), NewFile());
        using (var raw = new RawStore(rawPath))
        {
            await using var store = Open(path);
            for (var i = 0; i < _stored; i += 1_000)
            {
                var events = Enumerable.Range(i, 1_000).Select(Event).ToArray();
                raw.Append($"order-{i}", 0, events);
                await store.AppendAsync($"order-{i}", 0, events);
            }
        }

        return (_filled = (rawPath, path)).Value;
    }

    private string CopyOf(string path)
    {
        var copy = NewFile();
        File.Copy(path, copy);
        return copy;
    }

    private async Task CatchUpAsync(string into, double target, Action<RawProjection> byHand, Func<Projection> projection)
    {
        var (rawPath, path) = await FilledAsync();
        await new Measurement(
            $"catch up {_stored:N0} events, {Customers:N0} keys, into {into}",
            target,
            async _ =>
            {
                var file = CopyOf(rawPath);
                using var raw = new RawProjection(file);
                var rate = await RateAsync(_stored, () =>
                {
                    byHand(raw);
                    return Task.CompletedTask;
                });
                return rate;
            },
            async _ =>
            {
                await using var store = Open(CopyOf(path));
                await store.GetHeadAsync();
                return await RateAsync(_stored, async () =>
                {
                    await using var running = store.StartProjections(projection());
                    await running.CatchUpAsync(Patience);
                });
            }).RunAsync(_rounds);
    }

    private Task InlineAsync(int callers, int appends)
    {
        return new Measurement(
            $"append with an inline projection, {callers} caller(s) (floor: ours without)",
            1 / 1.5,
            _ => AppendAsync(isInline: false),
            _ => AppendAsync(isInline: true)).RunAsync(_rounds);

        async Task<double> AppendAsync(bool isInline)
        {
            await using var store = isInline ? Open(NewFile(), new CustomerTotals()) : Open(NewFile());
            await store.AppendAsync("warm", 0, [Event(0)]);
            var each = appends / callers;
            return await RateAsync(each * callers, () => Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
            {
                for (var i = 0; i < each; i++) await store.AppendAsync($"order-{caller}", i, [Event((caller * each) + i)]);
            }))));
        }
    }

    private async Task VisibleAsync(int appends)
    {
        await using var store = Open(NewFile());
        await using var running = store.StartProjections(new CustomerTotals());
        var model = store.ReadModel(new CustomerTotals());
        var waits = new List<double>();
        for (var i = -50; i < appends; i++)
        {
            var e = Event(i + 50);
            var appended = await store.AppendAsync("order-1", ExpectedVersion.Any, [e]);
            var clock = Stopwatch.StartNew();
            await running.WaitForAsync(appended);
            var visible = await model.FindAsync(e.CustomerId);
            if (visible is null) throw new InvalidOperationException("What was waited for is not there.");
            if (i >= 0) waits.Add(clock.Elapsed.TotalMilliseconds);
            await Task.Delay(2);
        }

        waits.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"(append to visible in a read model of the same process, {appends:N0} appends: p50 {waits[waits.Count / 2]:0.00} ms, p99 {waits[(int)(waits.Count * 0.99)]:0.00} ms, most {waits[^1]:0.00} ms; aim p50 5, p99 20)"));
    }

    /// <summary>Many projections that are level with the log share what is read of it.</summary>
    private async Task LevelAsync(int projections, int appends)
    {
        foreach (var count in new[] { 1, projections })
        {
            await using var store = Open(NewFile());
            await using var running = store.StartProjections([.. Enumerable.Range(0, count).Select(i => new CustomerTotals($"totals-{i}"))]);
            await store.AppendAsync("warm", 0, [Event(0)]);
            await running.CatchUpAsync(Patience);
            var (reads, cpu, clock) = (running.SharedReads, Environment.CpuUsage.TotalTime, Stopwatch.StartNew());
            for (var i = 0; i < appends; i++) await store.AppendAsync($"order-{i % 100}", ExpectedVersion.Any, [Event(i)]);
            var appended = clock.Elapsed;
            await running.CatchUpAsync(Patience);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"({count} projection(s) level with {appends:N0} single appends: {running.SharedReads - reads:N0} reads of the log; appended in {appended.TotalSeconds:0.00} s, level after {clock.Elapsed.TotalSeconds:0.00} s; per event and projection {clock.Elapsed.TotalMicroseconds / appends / count:0.0} µs, {(Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / appends / count:0.0} µs of CPU)"));
        }
    }

    private async Task RebuildAsync()
    {
        var (_, path) = await FilledAsync();
        var rebuilds = new List<double>();
        await using var store = Open(CopyOf(path));
        await using var running = store.StartProjections(new CustomerTotals());
        await running.CatchUpAsync(Patience);
        var next = 0;
        await new Measurement(
            $"appends, one caller, while {_stored:N0} events are rebuilt beside (floor: ours without the rebuild)",
            0.5,
            async _ =>
            {
                const int Count = 1_000;
                return await RateAsync(Count, async () =>
                {
                    for (var i = 0; i < Count; i++) await AppendAsync();
                });
            },
            async _ =>
            {
                var clock = Stopwatch.StartNew();
                var rebuild = running.RebuildAsync("totals");
                var count = 0;
                for (; !rebuild.IsCompleted; count++) await AppendAsync();
                await rebuild;
                rebuilds.Add(_stored / clock.Elapsed.TotalSeconds);
                return count / clock.Elapsed.TotalSeconds;
            }).RunAsync(_rounds);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"(rebuilt beside those appends: {rebuilds.Order().ElementAt(rebuilds.Count / 2):N0} events/s)"));

        Task AppendAsync() => store.AppendAsync("beside", ExpectedVersion.Any, [Event(next++)]);
    }
}
