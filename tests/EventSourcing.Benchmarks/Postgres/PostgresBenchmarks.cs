using System.Diagnostics;
using System.Globalization;
using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.Benchmarks;

/// <summary>
/// The PostgreSQL storage on its default settings, hand-written Npgsql and Marten, in turn on one server that syncs its files: the
/// server of EVENTSOURCING_TEST_POSTGRES, else one that is started here. What counts are the ratios within a run.
/// </summary>
internal sealed class PostgresBenchmarks : IDisposable
{
    private const int Customers = 5_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private readonly OrderItemAdded[] _events = [.. Enumerable.Range(0, 10_000).Select(Event)];
    private readonly PostgresInstance? _server;
    private readonly string _connectionString;
    private readonly NpgsqlDataSource _source;
    private readonly Lazy<MartenProcess> _marten;
    private readonly bool _quick;
    private readonly int _rounds;
    private int _run;

    private PostgresBenchmarks(bool quick)
    {
        (_quick, _rounds) = (quick, quick ? 3 : 7);
        if (Environment.GetEnvironmentVariable("EVENTSOURCING_TEST_POSTGRES") is { Length: > 0 } given)
        {
            _connectionString = given;
        }
        else
        {
            var binaries = PostgresBinaries.Find(out var obstacle) ?? throw new InvalidOperationException($"No PostgreSQL: {obstacle}.");
            _server = PostgresInstance.Start(binaries, isDurable: true, ["shared_buffers = '512MB'", "max_wal_size = '4GB'"]);
            _connectionString = _server.ConnectionString();
        }

        _source = NpgsqlDataSource.Create(_connectionString);
        _marten = new Lazy<MartenProcess>(() => new MartenProcess(_connectionString));
    }

    private IEnumerable<(string Name, Func<Task> Measure)> All =>
    [
        ("append-1", () => AppendAsync(1, _quick ? 1_000 : 3_000, 0.80, 2)),
        ("append-100", () => AppendAsync(100, _quick ? 60 : 200, 0.75, 2)),
        ("callers-8", () => CallersAsync(8, 8, _quick ? 4_000 : 12_000, 1.5, 2)),
        ("callers-64", () => CallersAsync(64, 8, _quick ? 12_800 : 38_400, 4, 8)),
        ("callers-512", () => CallersAsync(512, 64, _quick ? 20_480 : 61_440, 6, 8)),
        ("processes", ProcessesAsync),
        ("visible", VisibleAsync),
        ("read-stream", ReadStreamAsync),
        ("read-log", ReadLogAsync),
        ("load", LoadAsync),
        ("catch-up", CatchUpAsync),
        ("condition", ConditionAsync),
    ];

    public static async Task RunAsync(bool quick, string? only)
    {
        using var bench = new PostgresBenchmarks(quick);
        await RawNpgsql.CreateAsync(bench._source);
        Console.WriteLine("| work | Npgsql by hand, /s | library, /s | Marten, /s | library to Npgsql: median (min–max), aim | library to Marten: median (min–max), aim |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var (name, measure) in bench.All)
        {
            if (only is null || name.Contains(only, StringComparison.Ordinal)) await measure();
        }
    }

    public static EventStore Open(string connectionString, string schema) => new(
        new PostgresEventStorage(connectionString, new PostgresEventStorageOptions { Schema = schema }),
        new EventTypes(EventType.Of<OrderItemAdded>()),
        new EventStoreOptions { Json = ProjectedJson.Default.Options });

    public void Dispose()
    {
        if (_marten.IsValueCreated) _marten.Value.Dispose();
        _source.Dispose();
        _server?.Dispose();
    }

    private static OrderItemAdded Event(int i) =>
        OrderItemAdded.Number(i) with { CustomerId = $"customer-{(int)(i * 2_654_435_761L % Customers):000000}" };

    private static string Spread(List<double> values, double aim) => string.Create(CultureInfo.InvariantCulture,
        $"{Measurement.Median(values):0.00} ({values.Min():0.00}–{values.Max():0.00}), {aim:0.0#}{(Measurement.Median(values) < aim ? " below" : "")}");

    private EventStore Open(string schema) => Open(_connectionString, schema);

    private string NextStream() => string.Create(CultureInfo.InvariantCulture, $"run-{++_run}");

    /// <summary>Measures up to three ways in turn; who goes first alternates. Each is run once before, uncounted.</summary>
    private async Task CompareAsync(string work, Func<Task<double>> raw, Func<Task<double>> ours, Func<Task<double>>? marten, double aim,
        double martenAim, int? rounds = null)
    {
        var (raws, ourses, martens) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = -1; round < (rounds ?? _rounds); round++)
        {
            (List<double> Rates, Func<Task<double>>? Measure)[] ways = [(raws, raw), (ourses, ours), (martens, marten)];
            if (round % 2 == 0) Array.Reverse(ways);
            foreach (var (rates, measure) in ways)
            {
                if (measure is null) continue;
                GC.Collect();
                var rate = await measure();
                if (round >= 0) rates.Add(rate);
            }
        }

        var toRaw = Spread([.. ourses.Zip(raws, (o, r) => o / r)], aim);
        var toMarten = martens.Count == 0 ? "" : Spread([.. ourses.Zip(martens, (o, m) => o / m)], martenAim);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {work} | {Measurement.Median(raws):N0} | {Measurement.Median(ourses):N0} | {(martens.Count == 0 ? "" : Measurement.Median(martens).ToString("N0", CultureInfo.InvariantCulture))} | {toRaw} | {toMarten} |"));
    }

    private async Task AppendAsync(int batch, int appends, double aim, double martenAim)
    {
        await using var raw = await RawNpgsql.OpenAsync(_source);
        await using var store = Open("bench");
        await CompareAsync(
            $"{batch} event(s) per append, one caller",
            async () =>
            {
                var stream = NextStream();
                return await Measurement.RateAsync(appends * batch, async () =>
                {
                    for (var i = 0; i < appends; i++)
                        await raw.AppendAsync(stream, i * batch, _events.AsMemory(i * batch % (10_000 - batch), batch));
                });
            },
            async () =>
            {
                var stream = NextStream();
                return await Measurement.RateAsync(appends * batch, async () =>
                {
                    for (var i = 0; i < appends; i++)
                        await store.AppendAsync(stream, i * batch, new ArraySegment<object>(_events, i * batch % (10_000 - batch), batch));
                });
            },
            () => _marten.Value.DoAsync(FormattableString.Invariant($"append 1 {batch} {appends / 2}")),
            aim,
            martenAim);
    }

    private async Task CallersAsync(int callers, int rawConnections, int appends, double aim, double martenAim)
    {
        var raws = new List<RawNpgsql>();
        for (var i = 0; i < rawConnections; i++) raws.Add(await RawNpgsql.OpenAsync(_source));
        await using var store = Open("bench");
        await CompareAsync(
            $"{callers} callers, 1 event per append (Npgsql: {rawConnections} connections)",
            async () =>
            {
                var stream = NextStream();
                var each = Math.Max(appends / 4, rawConnections * 20) / rawConnections;
                return await Measurement.RateAsync(each * rawConnections, () => Task.WhenAll(raws.Select((raw, n) => Task.Run(async () =>
                {
                    for (var i = 0; i < each; i++) await raw.AppendAsync($"{stream}-{n}", i, _events.AsMemory(i % 10_000, 1));
                }))));
            },
            async () =>
            {
                var (stream, each) = (NextStream(), appends / callers);
                return await Measurement.RateAsync(each * callers, () =>
                    Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
                {
                    for (var i = 0; i < each; i++) await store.AppendAsync($"{stream}-{caller}", i, [_events[i]]);
                }))));
            },
            // Marten opens a connection for each session, so as many callers as the server and its pool take.
            () => _marten.Value.DoAsync(FormattableString.Invariant($"append {Math.Min(callers, 64)} 1 {appends / 10}")),
            aim,
            martenAim);
        foreach (var raw in raws) await raw.DisposeAsync();
    }

    private async Task ProcessesAsync()
    {
        await using (var first = Open("bench")) await first.AppendAsync(NextStream(), 0, [_events[0]]);
        var seconds = _quick ? 3 : 6;
        foreach (var (processes, callers) in ((int, int)[])[(1, 8), (3, 8), (3, 64)])
        {
            var laps = await PostgresProcesses.RunAsync(_connectionString, "bench", processes, callers, seconds);
            var all = laps.SelectMany(own => own).Order().ToList();
            double At(double share) => all[(int)((all.Count - 1) * share)] / 1000.0;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {processes} process(es) of {callers} callers each: {all.Count / (double)seconds:N0} appends/s; least to fullest process {laps.Min(own => own.Count) / (double)laps.Max(own => own.Count):0.00}; p50 {At(0.5):0.0} ms, p99 {At(0.99):0.0} ms ({At(0.99) / At(0.5):0.0} × p50), longest {At(1):N0} ms | | | | | |"));
        }
    }

    /// <summary>One storage appends, another one, which knows it through the server alone, has it in its read model.</summary>
    private async Task VisibleAsync()
    {
        await using var writer = Open("visible");
        await using var reader = Open("visible");
        await using var running = reader.StartProjections(new CustomerTotals());
        await running.WaitForAsync(await writer.AppendAsync(NextStream(), 0, [_events[0]]));
        var laps = new List<double>();
        for (var i = 1; i < (_quick ? 200 : 1_000); i++)
        {
            var clock = Stopwatch.GetTimestamp();
            await running.WaitForAsync(await writer.AppendAsync("visible", ExpectedVersion.Any, [_events[i % 10_000]]));
            laps.Add(Stopwatch.GetElapsedTime(clock).TotalMilliseconds);
            await Task.Delay(i % 7 * 5);
        }

        laps.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| from an append to its effect in a read model of another storage: p50 {laps[laps.Count / 2]:0.0} ms, p99 {laps[(int)(laps.Count * 0.99)]:0.0} ms, aim 100 | | | | | |"));
    }

    private async Task FillAsync(string schema, int events, int perStream)
    {
        await RawNpgsql.CreateAsync(_source);
        await using (var drop = _source.CreateCommand($"DROP SCHEMA IF EXISTS {schema} CASCADE")) await drop.ExecuteNonQueryAsync();
        await using var raw = await RawNpgsql.OpenAsync(_source);
        await using var store = Open(schema);
        for (var stream = 0; stream < events / perStream; stream++)
        {
            var batch = Enumerable.Range(stream * perStream, perStream).Select(Event).ToArray();
            await raw.AppendAsync($"order-{stream}", 0, batch);
            await store.AppendAsync($"order-{stream}", 0, batch);
        }

        await _marten.Value.DoAsync(FormattableString.Invariant($"fill {events} {perStream}"));
    }

    private async Task ReadStreamAsync()
    {
        const int Length = 1_000, Streams = 20;
        var reads = _quick ? 40 : 150;
        await FillAsync("streams", Length * Streams, Length);
        await using var raw = await RawNpgsql.OpenAsync(_source);
        await using var store = Open("streams");
        await CompareAsync(
            $"read a {Length:N0}-event stream, deserialized",
            () => Measurement.RateAsync(reads * Length, async () =>
            {
                for (var i = 0; i < reads; i++) await raw.ReadStreamAsync($"order-{i % Streams}", static _ => { });
            }),
            () => Measurement.RateAsync(reads * Length, async () =>
            {
                for (var i = 0; i < reads; i++)
                {
                    await foreach (var e in store.ReadStreamAsync($"order-{i % Streams}")) _ = e;
                }
            }),
            () => _marten.Value.DoAsync(FormattableString.Invariant($"stream {reads / 2}")),
            0.80,
            2);
    }

    private async Task ReadLogAsync()
    {
        var events = _quick ? 50_000 : 300_000;
        await FillAsync("log", events, 100);
        await using var raw = await RawNpgsql.OpenAsync(_source);
        await using var store = Open("log");
        await CompareAsync(
            $"read {events:N0} events in order, deserialized",
            () => Measurement.RateAsync(events, () => raw.ReadLogAsync(static _ => { })),
            () => Measurement.RateAsync(events, async () =>
            {
                await foreach (var e in store.ReadLogAsync()) _ = e;
            }),
            () => _marten.Value.DoAsync("log"),
            0.80,
            2,
            Math.Min(_rounds, 5));
    }

    private async Task LoadAsync()
    {
        const int Length = 100, Streams = 100;
        var loads = _quick ? 300 : 1_500;
        await FillAsync("loads", Length * Streams, Length);
        await using var raw = await RawNpgsql.OpenAsync(_source);
        await using var store = Open("loads");
        await CompareAsync(
            $"load an aggregate of {Length} events",
            () => Measurement.RateAsync(loads, async () =>
            {
                for (var i = 0; i < loads; i++)
                {
                    var (total, items) = (0m, 0);
                    await raw.ReadStreamAsync($"order-{i % Streams}", e => (total, items) = (total + (e.Price * e.Quantity), items + 1));
                    if (items != Length) throw new InvalidOperationException("The order has other items.");
                }
            }),
            () => Measurement.RateAsync(loads, async () =>
            {
                for (var i = 0; i < loads; i++)
                {
                    if ((await store.Aggregate<Order>($"{i % Streams}").LoadAsync()).Items != Length)
                        throw new InvalidOperationException("The order has other items.");
                }
            }),
            () => _marten.Value.DoAsync(FormattableString.Invariant($"load {loads / 3}")),
            0.80,
            2);
    }

    /// <summary>
    /// A new read model of all events each time, as after a deployment. Marten's daemon starts where its own has been reset.
    /// </summary>
    private async Task CatchUpAsync()
    {
        var events = _quick ? 50_000 : 200_000;
        await FillAsync("totals", events, 100);
        var run = 0;
        await CompareAsync(
            $"catch up on {events:N0} events into {Customers:N0} documents",
            async () =>
            {
                await using (var clear = _source.CreateCommand("TRUNCATE raw.documents")) await clear.ExecuteNonQueryAsync();
                await using var raw = await RawNpgsql.OpenAsync(_source);
                return await Measurement.RateAsync(events, () => raw.FoldIntoDocumentsAsync(_source));
            },
            async () =>
            {
                await using var store = Open("totals");
                return await Measurement.RateAsync(events, async () =>
                {
                    await using var running = store.StartProjections(new CustomerTotals($"totals-{++run}"));
                    await running.CatchUpAsync(Patience);
                });
            },
            async () =>
            {
                await _marten.Value.DoAsync(FormattableString.Invariant($"fill {events} 100"));
                return await _marten.Value.DoAsync("catch-up");
            },
            0.80,
            4,
            Math.Min(_rounds, 3));
    }

    /// <summary>The floor here is the library itself, without the condition.</summary>
    private async Task ConditionAsync()
    {
        var events = _quick ? 100_000 : 1_000_000;
        var appends = _quick ? 500 : 2_000;
        await using (var drop = _source.CreateCommand("DROP SCHEMA IF EXISTS conditions CASCADE")) await drop.ExecuteNonQueryAsync();
        await using var store = Open("conditions");
        for (var i = 0; i < events; i += 500)
        {
            var from = i;
            await store.AppendAsync($"fill-{i}", 0, [.. Enumerable.Range(0, 500).Select(n => Tagged(from + n))]);
        }

        var next = events;
        await CompareAsync(
            $"append on a condition of two tags at {events:N0} events (to one without)",
            () => RunAsync(null),
            () => RunAsync(i => new AppendCondition(EventQuery.Any([new EventQueryItem([],
                [$"student:{i % (events / 5)}", $"course:{i % 977}"])]), events)),
            null,
            0.60,
            0);

        Task<double> RunAsync(Func<int, AppendCondition>? condition) => Measurement.RateAsync(appends, async () =>
        {
            for (var i = 0; i < appends; i++)
            {
                var e = new NewEvent(Guid.CreateVersion7(), "order-item-added",
                    System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(_events[i % 10_000], ShopJson.Default.OrderItemAdded)) { Tags =
                    [$"other:{next++}"] };
                await store.Storage.AppendAsync(new AppendRequest([new StreamWrite($"conditional-{i % 50}", ExpectedVersion.Any,
                    [e])]) { Conditions = condition is null ? [] : [condition(i)] });
            }
        });

        EventData Tagged(int i) => new(_events[i % 10_000]) { Tags = [$"student:{i / 5}", $"course:{i / 200}"] };
    }
}
