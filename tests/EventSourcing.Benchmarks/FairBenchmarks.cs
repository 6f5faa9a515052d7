using System.Diagnostics;
using System.Globalization;

namespace EventSourcing.Benchmarks;

/// <summary>
/// How evenly the write lock goes round: stores of one process and stores of several processes append to one file as fast
/// as they can, one event at a time, and the slowest appends are compared with the usual one.
/// </summary>
internal static class FairBenchmarks
{
    /// <summary>The argument by which this program is one of several processes that append.</summary>
    public const string Child = "fair-child";

    /// <summary>How many appends each process makes before it is measured: the first ones are those of a program that is being compiled.</summary>
    private const int WarmUp = 500;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(4);

    /// <param name="only">Measures only what has this in its name; null for all.</param>
    public static async Task RunAsync(string? only)
    {
        Console.WriteLine("| stores on one file | p50, ms | p99, ms | p99 / p50 | longest, ms | appends, /s | fewest to most of one store |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var stores in new[] { 1, 2, 3, 4, 50 }) await MeasureAsync(only, $"{stores} in one process", path => InOneProcessAsync(path, stores));
        foreach (var processes in new[] { 2, 4, 8 }) await MeasureAsync(only, $"1 in each of {processes} processes", path => InProcessesAsync(path, processes));
        await MeasureAsync(only, "10 in each of 2 processes", path => InProcessesAsync(path, 2, stores: 10));
    }

    /// <summary>Is one of several processes: opens its stores, says so, waits for a line, appends, and prints how long each append took.</summary>
    public static async Task AppendAsync(string path, int stores)
    {
        var opened = await OpenAsync(path, stores);
        Console.WriteLine("ready");
        Console.ReadLine();
        foreach (var laps in await AppendAsync(opened)) Console.WriteLine(string.Join(' ', laps));
    }

    private static async Task MeasureAsync(string? only, string name, Func<string, Task<List<long>[]>> measure)
    {
        if (only is not null && !name.Contains(only, StringComparison.Ordinal)) return;
        var folder = Directory.CreateTempSubdirectory("es-fair-");
        var stores = await measure(Path.Combine(folder.FullName, "fair.db"));
        folder.Delete(recursive: true);
        var laps = stores.SelectMany(store => store).Order().ToList();
        double At(double share) => laps[(int)((laps.Count - 1) * share)] / 1000.0;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {At(0.5):0.00} | {At(0.99):0.0} | {At(0.99) / At(0.5):0.0} | {At(1):N0} | {laps.Count / Duration.TotalSeconds:N0} | {stores.Min(s => s.Count):N0}–{stores.Max(s => s.Count):N0} |"));
    }

    private static async Task<List<long>[]> InOneProcessAsync(string path, int stores) => await AppendAsync(await OpenAsync(path, stores));

    private static async Task<List<long>[]> InProcessesAsync(string path, int processes, int stores = 1)
    {
        foreach (var first in await OpenAsync(path, 1)) await first.DisposeAsync();
        var started = new List<Process>();
        for (var i = 0; i < processes; i++)
        {
            started.Add(Start(path, stores));
            await started[i].StandardOutput.ReadLineAsync();
        }

        foreach (var process in started) await process.StandardInput.WriteLineAsync("go");
        var printed = await Task.WhenAll(started.Select(process => process.StandardOutput.ReadToEndAsync()));
        foreach (var process in started)
        {
            await process.WaitForExitAsync();
            process.Dispose();
        }

        return [.. printed.SelectMany(text => text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Select(line => line.Split(' ').Select(lap => long.Parse(lap, CultureInfo.InvariantCulture)).ToList())];
    }

    private static Process Start(string path, int stores)
    {
        var program = Environment.ProcessPath!;
        string[] host = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        return Process.Start(new ProcessStartInfo(program, [.. host, Child, path, stores.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,

            // Eight programs that are compiled anew in the background while they run need all of a small machine for seconds.
            Environment = { ["DOTNET_TieredCompilation"] = "0" },
        })!;
    }

    private static async Task<EventStore[]> OpenAsync(string path, int stores)
    {
        var opened = new EventStore[stores];
        for (var i = 0; i < stores; i++)
        {
            opened[i] = new EventStore(new SqliteEventStorage(path), new EventTypes(EventType.Of<OrderItemAdded>()), new EventStoreOptions { Json = ShopJson.Default.Options });
            await opened[i].AppendAsync("warm", ExpectedVersion.Any, [OrderItemAdded.Number(i)]);
        }

        for (var i = 0; i < WarmUp; i++) await opened[i % stores].AppendAsync("warm", ExpectedVersion.Any, [OrderItemAdded.Number(i)]);
        return opened;
    }

    /// <summary>Appends to a stream of its own by each store, and closes them. The times are in microseconds.</summary>
    private static async Task<List<long>[]> AppendAsync(EventStore[] stores)
    {
        var began = Stopwatch.GetTimestamp();
        var laps = await Task.WhenAll(stores.Select(store => Task.Run(async () =>
        {
            var (stream, own) = (Guid.NewGuid().ToString("n"), new List<long>());
            for (var lap = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Duration; lap = Stopwatch.GetTimestamp())
            {
                await store.AppendAsync(stream, own.Count, [OrderItemAdded.Number(own.Count)]);
                own.Add((long)Stopwatch.GetElapsedTime(lap).TotalMicroseconds);
            }

            return own;
        })));
        foreach (var store in stores) await store.DisposeAsync();
        return laps;
    }
}
