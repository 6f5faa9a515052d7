using System.Globalization;
using static EventSourcing.Benchmarks.Measurement;

namespace EventSourcing.Benchmarks;

/// <summary>The SQLite storage on its default settings against the hand-written floor, on real files.</summary>
internal sealed class SqliteBenchmarks(bool quick) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("es-bench-");
    private readonly OrderItemAdded[] _events = [.. Enumerable.Range(0, 10_000).Select(OrderItemAdded.Number)];
    private readonly int _rounds = quick ? 3 : 9;
    private int _file;

    public IEnumerable<(string Name, Func<Task> Measure)> All =>
    [
        ("append-1", () => AppendAsync(1, quick ? 2_000 : 5_000, 0.85)),
        ("append-100", () => AppendAsync(100, quick ? 200 : 500, 0.80)),
        ("callers-8", () => CallersAsync(8, quick ? 8_000 : 20_000, 3)),
        ("callers-64", () => CallersAsync(64, quick ? 16_000 : 40_000, 8)),
        ("callers-512", () => CallersAsync(512, quick ? 20_000 : 60_000, 12)),
        ("read-stream", () => ReadStreamAsync(1_000, quick ? 100 : 300, 0.85)),
        ("read-all", () => ReadAllAsync(quick ? 100_000 : 1_000_000, 0.85)),
        ("load", () => LoadAsync(100, quick ? 1_000 : 5_000, 0.80)),
        ("snapshot", () => SnapshotAsync(10_000, 10, quick ? 2_000 : 10_000, 0.50)),
        ("scale", () => ScaleAsync(quick ? 100_000 : 1_000_000, 0.85)),
        ("condition", () => ConditionAsync(quick ? 50_000 : 1_000_000, 0.75)),
    ];

    public void Dispose() => _folder.Delete(recursive: true);

    private string NewFile() => Path.Combine(_folder.FullName, string.Create(CultureInfo.InvariantCulture, $"{++_file}.db"));

    private static EventStore Open(string path) =>
        new(new SqliteEventStorage(path), new EventTypes(EventType.Of<OrderItemAdded>()), new EventStoreOptions { Json = ShopJson.Default.Options });

    private Task AppendAsync(int batch, int appends, double target) => new Measurement(
        $"{batch} event(s) per append, one caller",
        target,
        async _ =>
        {
            using var raw = new RawStore(NewFile());
            raw.Append("warm", 0, _events.AsSpan(0, batch));
            return await RateAsync(appends * batch, () =>
            {
                for (var i = 0; i < appends; i++) raw.Append($"order-{i % 100}", i / 100 * batch, _events.AsSpan(i * batch % (10_000 - batch), batch));
                return Task.CompletedTask;
            });
        },
        async _ =>
        {
            await using var store = Open(NewFile());
            await store.AppendAsync("warm", 0, _events[..batch]);
            return await RateAsync(appends * batch, async () =>
            {
                for (var i = 0; i < appends; i++) await store.AppendAsync($"order-{i % 100}", i / 100 * batch, new ArraySegment<object>(_events, i * batch % (10_000 - batch), batch));
            });
        }).RunAsync(_rounds);

    private Task CallersAsync(int callers, int appends, double target) => new Measurement(
        $"{callers} callers, one event per append (floor: one raw writer)",
        target,
        async _ =>
        {
            using var raw = new RawStore(NewFile());
            raw.Append("warm", 0, _events.AsSpan(0, 1));
            var count = Math.Min(appends, 4_000);
            return await RateAsync(count, () =>
            {
                for (var i = 0; i < count; i++) raw.Append($"order-{i % 100}", i / 100, _events.AsSpan(i % 10_000, 1));
                return Task.CompletedTask;
            });
        },
        async _ =>
        {
            await using var store = Open(NewFile());
            await store.AppendAsync("warm", 0, _events[..1]);
            var each = appends / callers;
            return await RateAsync(each * callers, () => Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
            {
                for (var i = 0; i < each; i++) await store.AppendAsync($"order-{caller}", i, [_events[i]]);
            }))));
        }).RunAsync(_rounds);

    private async Task ReadStreamAsync(int length, int reads, double target)
    {
        var (rawPath, path) = await FilledAsync(length * 20, length);
        using var raw = new RawStore(rawPath);
        await using var store = Open(path);
        await new Measurement(
            $"read a {length:N0}-event stream, deserialized",
            target,
            round => RateAsync(reads * length, () =>
            {
                for (var i = 0; i < reads; i++) raw.ReadStream($"order-{i % 20}", static _ => { });
                return Task.CompletedTask;
            }),
            round => RateAsync(reads * length, async () =>
            {
                for (var i = 0; i < reads; i++)
                {
                    await foreach (var e in store.ReadStreamAsync($"order-{i % 20}")) _ = e;
                }
            })).RunAsync(_rounds);
    }

    private async Task ReadAllAsync(int count, double target)
    {
        var (rawPath, path) = await FilledAsync(count, 100);
        using var raw = new RawStore(rawPath);
        await using var store = Open(path);
        await new Measurement(
            $"read {count:N0} events in order, deserialized",
            target,
            round => RateAsync(count, () =>
            {
                raw.ReadLog(static _ => { });
                return Task.CompletedTask;
            }),
            round => RateAsync(count, async () =>
            {
                await foreach (var e in store.ReadLogAsync()) _ = e;
            })).RunAsync(Math.Min(_rounds, 5));
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await foreach (var e in store.ReadLogAsync()) _ = e;
        var ours = GC.GetTotalAllocatedBytes(precise: true) - before;
        before = GC.GetTotalAllocatedBytes(precise: true);
        raw.ReadLog(static _ => { });
        Console.WriteLine($"(allocated per event read: {ours / (double)count:0} bytes; by the floor, the payload alone, {(GC.GetTotalAllocatedBytes(precise: true) - before) / (double)count:0})");
    }

    /// <summary>The floor here is the library itself, on a stream so short that it needs no snapshot.</summary>
    private async Task SnapshotAsync(int length, int shortLength, int loads, double target)
    {
        await using var store = Open(NewFile());
        for (var i = 0; i < 10; i++)
        {
            await store.AppendAsync($"keptOrder-{i}", 0, _events[..length]);
            await store.AppendAsync($"order-{i}", 0, _events[..shortLength]);
            await store.Aggregate<KeptOrder>($"{i}").LoadAsync();
        }

        await store.Snapshots().FlushAsync();
        await new Measurement(
            $"load an aggregate of {length:N0} events by a snapshot (floor: one of {shortLength} events without)",
            target,
            round => RateAsync(loads, async () =>
            {
                for (var i = 0; i < loads; i++) await store.Aggregate<Order>($"{i % 10}").LoadAsync();
            }),
            round => RateAsync(loads, async () =>
            {
                for (var i = 0; i < loads; i++) await store.Aggregate<KeptOrder>($"{i % 10}").LoadAsync();
            })).RunAsync(_rounds);
    }

    private async Task LoadAsync(int length, int loads, double target)
    {
        var (rawPath, path) = await FilledAsync(length * 100, length);
        using var raw = new RawStore(rawPath);
        await using var store = Open(path);
        await new Measurement(
            $"load an aggregate of {length} events",
            target,
            round => RateAsync(loads, () =>
            {
                for (var i = 0; i < loads; i++)
                {
                    var total = 0m;
                    raw.ReadStream($"order-{i % 100}", e => total += e.Price * e.Quantity);
                }

                return Task.CompletedTask;
            }),
            round => RateAsync(loads, async () =>
            {
                for (var i = 0; i < loads; i++) await store.Aggregate<Order>($"{i % 100}").LoadAsync();
            })).RunAsync(_rounds);
    }

    /// <summary>The same work on a small store and on a large one: cost must not grow with what is stored.</summary>
    private async Task ScaleAsync(int stored, double target)
    {
        var (smallFile, largeFile) = (NewFile(), NewFile());
        await using var small = Open(smallFile);
        await using var large = Open(largeFile);
        foreach (var (store, count) in new[] { (small, 10_000), (large, stored) })
        {
            for (var i = 0; i < count / 1_000; i++) await store.AppendAsync($"fill-{i}", 0, new ArraySegment<object>(_events, i % 9 * 1_000, 1_000));
            for (var i = 0; i < 100; i++) await store.AppendAsync($"order-{i}", 0, new ArraySegment<object>(_events, i * 90, 100));
        }

        var work = new (string Name, int Count, Func<EventStore, int, int, Task> Do)[]
        {
            ("one event per append", 1_000, (store, round, i) => store.AppendAsync($"one-{round}-{i % 100}", i / 100, [_events[i]])),
            ("100 events per append", 100, (store, round, i) => store.AppendAsync($"batch-{round}-{i}", 0, new ArraySegment<object>(_events, i * 90, 100))),
            ("load an aggregate of 100 events", 1_000, (store, _, i) => store.Aggregate<Order>($"{i % 100}").LoadAsync()),
        };
        foreach (var (name, count, act) in work)
        {
            await new Measurement(
                $"{name}, {stored:N0} events stored (floor: ours at 10,000)",
                target,
                round => RateAsync(count, () => RepeatAsync(small, round, count, act)),
                round => RateAsync(count, () => RepeatAsync(large, round, count, act))).RunAsync(_rounds);
        }

        static async Task RepeatAsync(EventStore store, int round, int count, Func<EventStore, int, int, Task> act)
        {
            for (var i = 0; i < count; i++) await act(store, round, i);
        }
    }

    private async Task ConditionAsync(int stored, double target)
    {
        var path = NewFile();
        await using var store = Open(path);
        for (var i = 0; i < stored; i += 5_000)
        {
            await store.AppendAsync($"fill-{i}", 0, [.. Enumerable.Range(i, 5_000).Select(n =>
                (object)new EventData(_events[n % 10_000]) { Tags = n % 5 == 0 ? [$"customer:{n % 9_973}", "hot"] : [$"customer:{n % 9_973}"] })]);
        }

        var appends = quick ? 1_000 : 3_000;
        foreach (var (name, tags, recent) in new[] { ("selective tags", new[] { "customer:17", "order:none" }, false), ("a hot tag, recent after", ["hot"], true) })
        {
            await new Measurement(
                $"conditional append, {name}, {stored:N0} stored (floor: our unconditional append)",
                target,
                round => RateAsync(appends, async () =>
                {
                    for (var i = 0; i < appends; i++) await store.AppendAsync([new StreamAppend($"u-{name}-{round}", i, [new EventData(_events[i]) { Tags = ["other:1"] }])]);
                }),
                round => RateAsync(appends, async () =>
                {
                    var head = await store.GetHeadAsync();
                    for (var i = 0; i < appends; i++)
                    {
                        var result = await store.AppendAsync(
                            [new StreamAppend($"c-{name}-{round}", i, [new EventData(_events[i]) { Tags = ["other:1"] }])],
                            conditions: [new AppendCondition(EventQuery.WithTags(tags), recent ? head : 0)]);
                        head = result.Position;
                    }
                })).RunAsync(_rounds);
        }
    }

    private async Task<(string Raw, string Ours)> FilledAsync(int count, int perStream)
    {
        var (rawPath, path) = (NewFile(), NewFile());
        using var raw = new RawStore(rawPath);
        await using var store = Open(path);
        for (var i = 0; i < count / perStream; i++)
        {
            var events = Enumerable.Range(i * perStream, perStream).Select(n => _events[n % 10_000]).ToArray();
            raw.Append($"order-{i}", 0, events);
            await store.AppendAsync($"order-{i}", 0, events);
        }

        return (rawPath, path);
    }
}
