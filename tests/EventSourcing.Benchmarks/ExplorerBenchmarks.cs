using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using EventSourcing.Explorer.Tests.Bank;

namespace EventSourcing.Benchmarks;

/// <summary>
/// How long the pages of the explorer take in a store of 1,000,000 events, how many events each reads, and what an open live page costs
/// the appends beside it.
/// </summary>
internal sealed class ExplorerBenchmarks(bool quick) : IDisposable
{
    private const int Accounts = 2_000;
    private const int LongStream = 20_000;
    private const int Callers = 16;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("es-bench-");
    private readonly int _events = quick ? 100_000 : 1_000_000;
    private int _file;

    /// <summary>Every kind of page, with what costs it most.</summary>
    private string[] Pages =>
    [
        "", "log", $"log?upto={_events / 2}", "log?prefix=account-17", "log?type=limit-set", "log?type=account-opened", "log?tag=desk-3",
        "log?tag=none-has-it", "log?prefix=account-17&type=limit-set", "log?from=2020-01-01&to=2090-01-01", $"log?asof={_events / 3}",
        "streams", "streams?prefix=account-1", "stream?name=account-long", $"stream?name=account-long&upto={LongStream / 2}",
        "stream?name=account-7", "stream?name=account-7&at=100&from=50", $"event?position={_events / 2}", "event?position=1",
        $"trace?correlation=payment-500&near={_events / 2}", "types", "projections", "projection?name=Balances", "read-models",
        "read-model?name=Balances", "read-model?name=Balances&field=owner&op=equal&value=owner+7", "document?model=Balances&key=7",
        "ledger", $"proof?position={_events / 2}", $"data?position={_events / 2}", $"document?model=Balances&key=7&asof={_events / 2}",
    ];

    /// <summary>
    /// What takes more than one request: a document whose projection keys by the id of a long stream, one that any event may be about, and
    /// the state of a long stream. Each with a later and an earlier look.
    /// </summary>
    private string[] Asked =>
    [
        $"document?model=Balances&key=long&asof={_events / 2}", $"document?model=ByReference&key=salary&asof={_events / 2}",
        $"stream?name=account-long&at={LongStream}&fold=1",
    ];

    public static async Task RunAsync(bool quick)
    {
        using var benchmarks = new ExplorerBenchmarks(quick);
        await benchmarks.MeasurePagesAsync();
        await benchmarks.MeasureLiveAsync();
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task MeasurePagesAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using var counting = new CountingStorage(new SqliteEventStorage(NewFile()));
        await using var store = new EventStore(counting, EventTypes.FromAssemblyOf<Account>(), new EventStoreOptions
        {
            Ledger = new LedgerOptions
            {
                Origin = "bank.example",
                Signers = [new EcdsaNoteSigner("bank.example", key)],
                Sink = new FileCheckpointSink(Path.Combine(_folder.FullName, "checkpoints")),
                EveryEvents = null,
                Interval = null,
            },
        });
        await FillAsync(store);
        await using (var running = store.StartProjections(new Balances(), new ByReference())) await running.CatchUpAsync(TimeSpan.FromMinutes(10));
        await store.Ledger.SignCheckpointAsync();
        await using var server = await EventExplorerServer.StartAsync(store, configure: Show);
        using var browser = new HttpClient { BaseAddress = server.Address };
        var head = await store.GetHeadAsync();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{head:N0} events in SQLite"));
        Console.WriteLine("| page | first, ms | median, ms | slowest of 20, ms | events read |");
        Console.WriteLine("|---|---|---|---|---|");
        var slowest = 0d;
        var most = 0L;
        foreach (var page in Pages)
        {
            var first = await TimeAsync(browser, page);
            var read = counting.Events;
            var times = new List<double> { await TimeAsync(browser, page) };
            read = counting.Events - read;
            for (var i = 1; i < 20; i++) times.Add(await TimeAsync(browser, page));
            (slowest, most) = (Math.Max(slowest, Measurement.Median(times)), Math.Max(most, read));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| /{page} | {first:0.0} | {Measurement.Median(times):0.0} | {times.Max():0.0} | {read:N0} |"));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Slowest median {slowest:0.0} ms (aim: below 100), most events read {most:N0} (aim: at most {2 * EventPage.DefaultLimit:N0})"));
        await MeasureFoldsAsync(browser, counting);
    }

    private async Task MeasureFoldsAsync(HttpClient browser, CountingStorage counting)
    {
        Console.WriteLine("| fold | slowest request, ms | requests | until whole, ms | events read | second look, ms | events read |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var page in Asked)
        {
            var (clock, before, slowest, requests, isWhole) = (Stopwatch.StartNew(), counting.Events, 0d, 0, false);
            while (!isWhole)
            {
                if (requests++ > 0) await Task.Delay(20);
                var began = clock.Elapsed.TotalMilliseconds;
                using var answer = await browser.GetAsync(page);
                answer.EnsureSuccessStatusCode();
                await answer.Content.ReadAsByteArrayAsync();
                slowest = Math.Max(slowest, clock.Elapsed.TotalMilliseconds - began);
                isWhole = answer.StatusCode != System.Net.HttpStatusCode.Accepted;
            }

            var (took, read) = (clock.Elapsed.TotalMilliseconds, counting.Events - before);
            before = counting.Events;
            var again = await TimeAsync(browser, page);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| /{page} | {slowest:0.0} | {requests} | {took:0} | {read:N0} | {again:0.0} | {counting.Events - before:N0} |"));
        }
    }

    private Task MeasureLiveAsync()
    {
        Console.WriteLine("| work | alone, /s | with a live page, /s | ratio, median (min–max) | aim |");
        Console.WriteLine("|---|---|---|---|---|");
        return new Measurement(
            $"appends of {Callers} callers beside an open live log",
            0.95,
            _ => AppendAsync(isWatched: false),
            _ => AppendAsync(isWatched: true)).RunAsync(quick ? 3 : 9);
    }

    private async Task<double> AppendAsync(bool isWatched)
    {
        var file = NewFile();
        await using var store = new EventStore(new SqliteEventStorage(file), EventTypes.FromAssemblyOf<Account>());
        await store.AppendAsync("account-0", ExpectedVersion.Any, [new AccountOpened("owner", "EUR")]);
        await using var server = await EventExplorerServer.StartAsync(store, configure: Show);
        using var browser = new HttpClient { BaseAddress = server.Address };
        using var stop = new CancellationTokenSource();
        var watching = isWatched ? WatchAsync(browser, stop.Token) : Task.FromResult(0L);
        var span = TimeSpan.FromSeconds(quick ? 2 : 5);
        var clock = Stopwatch.StartNew();
        var counts = await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var count = 0;
            for (; clock.Elapsed < span; count++)
                await store.AppendAsync($"account-{caller}", ExpectedVersion.Any, [new MoneyDeposited(count, "salary")]);
            return count;
        })));
        var rate = counts.Sum() / clock.Elapsed.TotalSeconds;
        await stop.CancelAsync();
        var bytes = await watching;
        var log = new FileInfo(file + "-wal").Length;
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{(isWatched ? "live" : "alone")}: {rate:N0} appends/s, {bytes:N0} bytes shown, write-ahead log {log:N0} bytes"));
        return rate;
    }

    private static async Task<long> WatchAsync(HttpClient browser, CancellationToken stop)
    {
        var bytes = 0L;
        try
        {
            using var answer = await browser.GetAsync("live", HttpCompletionOption.ResponseHeadersRead, stop);
            await using var stream = await answer.Content.ReadAsStreamAsync(stop);
            var buffer = new byte[64 * 1024];
            while (await stream.ReadAsync(buffer, stop) is > 0 and var read) bytes += read;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // It has been open for as long as it was to be.
        }

        return bytes;
    }

    private static async Task<double> TimeAsync(HttpClient browser, string page)
    {
        var clock = Stopwatch.StartNew();
        using var answer = await browser.GetAsync(page);
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsByteArrayAsync();
        return clock.Elapsed.TotalMilliseconds;
    }

    private static void Show(EventExplorerOptions options) => options.Aggregate<Account>().ReadModel(new Balances()).ReadModel(new ByReference());

    private async Task FillAsync(EventStore store)
    {
        var opened = Enumerable.Range(0, Accounts).Select(i =>
            new StreamAppend($"account-{i}", ExpectedVersion.Any, [new AccountOpened($"owner {i}", "EUR")]));
        foreach (var some in opened.Chunk(500)) await store.AppendAsync(some);
        for (var i = 0; i < LongStream; i += 1_000)
            await store.AppendAsync("account-long", ExpectedVersion.Any, [.. Enumerable.Range(i, 1_000).Select(Event)]);
        var batch = 0;
        for (var i = await store.GetHeadAsync(); i < _events; i += 1_000, batch++)
        {
            var values = new Dictionary<string, string> { ["user"] = "teller-3" };
            var metadata = new EventMetadata { CorrelationId = $"payment-{batch}", Values = values };
            await store.AppendAsync(
                [.. Enumerable.Range(0, 100).Select(k => new StreamAppend(
                    $"account-{((batch * 100) + k) % Accounts}",
                    ExpectedVersion.Any,
                    [.. Enumerable.Range((batch * 1_000) + (k * 10), 10).Select(i => new EventData(Event(i)) { Tags = [$"desk-{k % 5}"] })]))],
                metadata);
        }

        static object Event(int i) => (i % 10) switch
        {
            0 => new LimitSet(i % 1_000),
            < 5 => new MoneyDeposited(i % 500, "salary"),
            _ => new MoneyWithdrawn(i % 300, "card 4411"),
        };
    }

    private string NewFile() => Path.Combine(_folder.FullName, string.Create(CultureInfo.InvariantCulture, $"{++_file}.db"));
}
