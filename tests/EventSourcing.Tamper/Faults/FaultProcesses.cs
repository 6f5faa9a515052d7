using System.Diagnostics;
using System.Globalization;
using System.IO.MemoryMappedFiles;

namespace EventSourcing.Tamper;

/// <summary>
/// Runs cases in processes of their own, so that one which crashes or hangs takes nothing along: it is counted, and
/// another process goes on behind it.
/// </summary>
internal static class FaultProcesses
{
    private const int Flush = 500;
    private const int HungExitCode = 97;

    /// <summary>Tries every n-th case.</summary>
    /// <param name="kind">Which cases, for <see cref="WorkAsync"/>.</param>
    /// <param name="cases">The cases.</param>
    /// <param name="every">1 for all.</param>
    /// <param name="offset">The first.</param>
    /// <param name="processes">How many at a time.</param>
    /// <param name="progress">Told how far it is.</param>
    public static async Task<FaultTally> RunAsync(string kind, FaultCases cases, long every, long offset, int processes, Action<string> progress)
    {
        using var folder = new WorkFolder();
        cases.Save(folder.Path);
        var tally = new FaultTally();
        var watch = Stopwatch.StartNew();
        using var ended = new CancellationTokenSource();
        var reporting = ReportAsync();
        await Task.WhenAll(Enumerable.Range(0, processes).Select(n => KeepRunningAsync(n)));
        await ended.CancelAsync();
        await reporting;
        return tally;

        async Task KeepRunningAsync(int process)
        {
            var file = folder.File($"current-{process}");
            await File.WriteAllBytesAsync(file, new byte[8]);
            using var map = MemoryMappedFile.CreateFromFile(file, FileMode.Open, null, 8);
            using var view = map.CreateViewAccessor();
            var step = every * processes;

            // Where a process ends with a case, what it had done since it last told is done again, and then what follows.
            var ranges = new Stack<(long From, long To)>([(offset + (every * process), cases.Count)]);
            while (ranges.TryPop(out var range))
            {
                var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
                if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) is "dotnet") start.ArgumentList.Add(typeof(FaultProcesses).Assembly.Location);
                foreach (var argument in (string[])["worker", kind, folder.Path, file, Invariant(range.From), Invariant(range.To), Invariant(step)]) start.ArgumentList.Add(argument);
                using var worker = Process.Start(start)!;
                var from = range.From;
                while (await worker.StandardOutput.ReadLineAsync() is { } line)
                {
                    if (line.StartsWith("D ", StringComparison.Ordinal)) from = long.Parse(line[2..], CultureInfo.InvariantCulture);
                    else if (line is ['C' or 'N', ..]) tally.AddLine(line);
                }

                await worker.WaitForExitAsync();
                if (worker.ExitCode == 0) continue;
                var current = view.ReadInt64(0);
                lock (cases)
                {
                    var fault = cases[current];
                    tally.Count(fault.Group, worker.ExitCode == HungExitCode ? FaultOutcome.Hung : FaultOutcome.Crashed, note: $"case {current}: {fault.What}: exit code {worker.ExitCode}");
                }

                if (current + step < range.To) ranges.Push((current + step, range.To));
                if (from < current) ranges.Push((from, current));
            }
        }

        async Task ReportAsync()
        {
            while (true)
            {
                try
                {
                    await Task.Delay(TimeSpan.FromSeconds(30), ended.Token);
                }
                catch (OperationCanceledException)
                {
                    return;
                }

                progress(string.Create(CultureInfo.InvariantCulture, $"{tally.Total:N0} of {(cases.Count - offset + every - 1) / every:N0} cases after {watch.Elapsed.TotalSeconds:N0} s{(tally.IsGood ? "" : ", NOT ALL AS IT MUST BE")}"));
            }
        }
    }

    /// <summary>Tries one case, in this process.</summary>
    public static async Task<FaultTally> RunOneAsync(FaultCases cases, WorkFolder folder, long number)
    {
        var tally = new FaultTally();
        await new FaultRunner(cases, folder, tally).RunAsync([number]);
        return tally;
    }

    /// <summary>What such a process does.</summary>
    public static async Task<int> WorkAsync(string[] arguments)
    {
        FaultCases cases = arguments[0] == "bits" ? BitCases.Load(arguments[1]) : WalCases.Load(arguments[1]);
        using var map = MemoryMappedFile.CreateFromFile(arguments[2], FileMode.Open, null, 8);
        using var view = map.CreateViewAccessor();
        using var folder = new WorkFolder();
        long from = long.Parse(arguments[3], CultureInfo.InvariantCulture), to = long.Parse(arguments[4], CultureInfo.InvariantCulture), step = long.Parse(arguments[5], CultureInfo.InvariantCulture);
        var tally = new FaultTally();
        var runner = new FaultRunner(cases, folder, tally);
        var began = Environment.TickCount64;
        using var watchdog = new Timer(_ =>
        {
            // Behind the runner's own limit: a thread that holds everything up.
            if (Environment.TickCount64 - Volatile.Read(ref began) > 2 * FaultRunner.TimeLimit.TotalMilliseconds) Environment.Exit(HungExitCode);
        }, null, 5000, 5000);
        while (from < to)
        {
            var numbers = Enumerable.Range(0, Flush).Select(i => from + (i * step)).TakeWhile(number => number < to).ToList();
            await runner.RunAsync(numbers, number =>
            {
                view.Write(0, number);
                Volatile.Write(ref began, Environment.TickCount64);
            });
            from = numbers[^1] + step;
            foreach (var line in tally.TakeLines()) Console.WriteLine(line);
            Console.WriteLine($"D {Invariant(from)}");
        }

        return 0;
    }

    private static string Invariant(long number) => number.ToString(CultureInfo.InvariantCulture);
}
