using System.Diagnostics;
using System.Globalization;
using System.Text;
using EventSourcing.Tests.Postgres;

namespace EventSourcing.Benchmarks;

/// <summary>
/// The command line tool as people start it, on a store of 5,000,000 events: how long each command takes, how much memory it needs, and
/// what the same work takes in the library. The store is filled by import, and is gone with the run if no path is given.
/// </summary>
internal sealed class ToolBenchmarks : IDisposable
{
    private const int PerImport = 10_000;
    private const int PerStream = 50;
    private const int Starts = 15;

    private readonly string _tool;
    private readonly string _folder = Directory.CreateTempSubdirectory("es-tool-").FullName;
    private readonly int _events;

    private ToolBenchmarks(string tool, int events, string? store)
    {
        (_tool, _events) = (tool, events);
        Store = store ?? Path.Combine(_folder, "shop.db");
    }

    private string Store { get; }

    /// <summary>Measures the tool, and prints a table.</summary>
    /// <param name="isQuick">A tenth of the events.</param>
    /// <param name="tool">The path of evs.dll, or of evs as it is installed; null for the one that is built along.</param>
    /// <param name="store">A path for the store. It is filled if it is not there, and stays.</param>
    public static async Task RunAsync(bool isQuick, string? tool, string? store)
    {
        var path = tool ?? Path.Combine(AppContext.BaseDirectory, "evs.dll");
        using var benchmarks = new ToolBenchmarks(path, isQuick ? 500_000 : 5_000_000, store);
        await benchmarks.RunAsync();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task RunAsync()
    {
        Console.WriteLine("| command | time | rate | needs | peak memory |");
        Console.WriteLine("|---|---:|---:|---:|---:|");
        await StartUpAsync("`evs --version`", "--version");
        if (!File.Exists(Store))
        {
            var filled = Stopwatch.StartNew();
            await FillAsync();
            Print($"import of {_events:N0} events by the library, to fill the store", filled.Elapsed, _events, "", 0);
        }

        await StartUpAsync("`evs info`, median of 15; needs 0.3 s", "info", Store);
        await StartUpAsync("`evs streams --limit 10`, median of 15", "streams", Store, "--limit", "10");

        var library = await VerifyInProcessAsync();
        var verify = await EvsAsync("verify", Store);
        Print("`evs verify`", verify.Elapsed, _events, $"{library.TotalSeconds * 1.1:0.0} s (library {library.TotalSeconds:0.0} s, + 10 %)", verify.PeakBytes);
        var export = await EvsAsync("export", Store);
        Print($"`evs export` to a pipe, {export.OutputBytes / 1e6:N0} MB", export.Elapsed, _events, "150,000/s", export.PeakBytes);
        var file = await EvsAsync("copy", Store, Path.Combine(_folder, "copy.db"));
        Print("`evs copy` to SQLite", file.Elapsed, _events, "", file.PeakBytes);
        File.Delete(Path.Combine(_folder, "copy.db"));
        if (PostgresBinaries.Find(out var obstacle) is not { } binaries)
        {
            Console.WriteLine($"| `evs copy` to PostgreSQL: not measured, {obstacle} | | | | |");
            return;
        }

        using var server = PostgresInstance.Start(binaries, isDurable: true);
        var copy = await EvsAsync("copy", Store, server.ConnectionString());
        Print("`evs copy` to PostgreSQL", copy.Elapsed, _events, "50,000/s", copy.PeakBytes);
    }

    private async Task FillAsync()
    {
        await using var storage = new SqliteEventStorage(Store);
        var recorded = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var metadata = "{\"user\":\"web\"}"u8.ToArray();
        for (var next = 0; next < _events; next += PerImport)
        {
            var batch = new StoredEvent[PerImport];
            for (var i = 0; i < PerImport; i++)
            {
                var n = next + i;
                batch[i] = new StoredEvent
                {
                    Position = 0,
                    Stream = string.Create(CultureInfo.InvariantCulture, $"order-{n / PerStream}"),
                    Version = 0,
                    Id = Guid.CreateVersion7(recorded),
                    Type = string.Create(CultureInfo.InvariantCulture, $"type-{n % 12}"),
                    RecordedAt = recorded = recorded.AddMilliseconds(5),
                    Data = Encoding.UTF8.GetBytes(string.Create(
                        CultureInfo.InvariantCulture,
                        $$"""{"customer":"customer-{{n % 10_000}}","total":{{n % 1000}}.50,"lines":[{"product":"p-{{n % 500}}","quantity":{{n % 9}}}]}""")),
                    Metadata = metadata,
                    Tags = n % 10 == 0 ? ["vip"] : [],
                };
            }

            await storage.ImportAsync(new ImportRequest(batch));
        }
    }

    private async Task<TimeSpan> VerifyInProcessAsync()
    {
        await using var store = new EventStore(
            new SqliteEventStorage(Store, new SqliteEventStorageOptions { ReadOnly = true }), new EventTypes());
        var clock = Stopwatch.StartNew();
        var report = await store.Ledger.VerifyAsync();
        return report.IsSound ? clock.Elapsed : throw new InvalidOperationException("The store is not sound.");
    }

    private async Task StartUpAsync(string name, params string[] arguments)
    {
        var runs = new List<Measured>();
        for (var i = 0; i < Starts; i++) runs.Add(await EvsAsync(arguments));
        var median = runs.Select(run => run.Elapsed).Order().ElementAt(Starts / 2);
        Print(name, median, events: 0, name.Contains("version", StringComparison.Ordinal) ? "0.150 s" : "", runs.Max(run => run.PeakBytes));
    }

    private static void Print(string name, TimeSpan elapsed, int events, string needs, long peak)
    {
        var rate = events == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{events / elapsed.TotalSeconds:N0}/s");
        var memory = peak == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{peak / 1024.0 / 1024:N0} MiB");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {elapsed.TotalSeconds:0.000} s | {rate} | {needs} | {memory} |"));
    }

    private async Task<Measured> EvsAsync(params string[] arguments)
    {
        var isInstalled = !_tool.EndsWith(".dll", StringComparison.Ordinal);
        var start = isInstalled ? new ProcessStartInfo(_tool, arguments) : new ProcessStartInfo("dotnet", [_tool, .. arguments]);
        start.RedirectStandardOutput = true;
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var peak = WatchAsync(process.Id);
        var bytes = 0L;
        var buffer = new byte[256 * 1024];
        for (int read; (read = await process.StandardOutput.BaseStream.ReadAsync(buffer)) > 0;) bytes += read;
        await process.WaitForExitAsync();
        var elapsed = clock.Elapsed;
        if (process.ExitCode != 0) throw new InvalidOperationException($"evs {arguments[0]} ended with {process.ExitCode}.");
        return new Measured(elapsed, bytes, await peak);
    }

    /// <summary>The most memory that a process has had, as the system counts it; 0 where it does not.</summary>
    private static async Task<long> WatchAsync(int process)
    {
        var peak = 0L;
        try
        {
            while (true)
            {
                var line = (await File.ReadAllLinesAsync($"/proc/{process}/status")).FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
                if (line is null) return peak;
                peak = long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
                await Task.Delay(20);
            }
        }
        catch (IOException)
        {
            return peak; // it has ended, or this system has no such files
        }
    }

    private readonly record struct Measured(TimeSpan Elapsed, long OutputBytes, long PeakBytes);
}
