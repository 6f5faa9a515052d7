using System.Diagnostics;
using System.Globalization;

namespace EventSourcing.Benchmarks;

/// <summary>Processes that append to one store at once: how much together, and how evenly.</summary>
internal static class PostgresProcesses
{
    /// <summary>The argument by which this program is one of several processes that append.</summary>
    public const string Child = "postgres-child";

    /// <summary>
    /// Is one of them: says that it is ready, waits for a line, appends, and prints how long each append took, in microseconds.
    /// </summary>
    public static async Task AppendAsync(string connectionString, string schema, int callers, int seconds)
    {
        await using var store = PostgresBenchmarks.Open(connectionString, schema);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++) await store.AppendAsync($"warm-{Environment.ProcessId}-{caller}", i, [OrderItemAdded.Number(i)]);
        })));
        Console.WriteLine("ready");
        Console.ReadLine();
        var began = Stopwatch.GetTimestamp();
        var laps = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var own = new List<long>();
            for (var lap = began; Stopwatch.GetElapsedTime(began).TotalSeconds < seconds; lap = Stopwatch.GetTimestamp())
            {
                await store.AppendAsync($"own-{Environment.ProcessId}-{caller}", own.Count, [OrderItemAdded.Number(own.Count)]);
                own.Add((long)Stopwatch.GetElapsedTime(own.Count == 0 ? began : lap).TotalMicroseconds);
            }

            return own;
        })));
        Console.WriteLine(string.Join(' ', laps.SelectMany(own => own)));
    }

    /// <summary>Has processes append for some seconds.</summary>
    /// <returns>For each process how long its appends took, in microseconds.</returns>
    public static async Task<List<long>[]> RunAsync(string connectionString, string schema, int processes, int callers, int seconds)
    {
        var started = new List<Process>();
        for (var i = 0; i < processes; i++)
        {
            started.Add(Start(connectionString, schema, callers, seconds));
            await started[i].StandardOutput.ReadLineAsync();
        }

        foreach (var process in started) await process.StandardInput.WriteLineAsync("go");
        var printed = await Task.WhenAll(started.Select(process => process.StandardOutput.ReadToEndAsync()));
        foreach (var process in started)
        {
            await process.WaitForExitAsync();
            process.Dispose();
        }

        return [.. printed.Select(text => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(lap => long.Parse(lap, CultureInfo.InvariantCulture)).ToList())];
    }

    private static Process Start(string connectionString, string schema, int callers, int seconds)
    {
        var program = Environment.ProcessPath!;
        string[] host = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        string[] own = [Child, connectionString, schema, callers.ToString(CultureInfo.InvariantCulture),
            seconds.ToString(CultureInfo.InvariantCulture)];
        return Process.Start(new ProcessStartInfo(program, [.. host, .. own]) { RedirectStandardInput = true,
            RedirectStandardOutput = true })!;
    }
}
