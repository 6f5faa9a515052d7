using System.Diagnostics;
using System.Globalization;
using EventSourcing.Crash;

if (args is ["worker"]) return await Worker.RunAsync();

var quick = args.Contains("--quick");
var runsAt = Array.IndexOf(args, "--runs");
int? runs = runsAt >= 0 && runsAt + 1 < args.Length ? int.Parse(args[runsAt + 1], CultureInfo.InvariantCulture) : null;
var seedAt = Array.IndexOf(args, "--seed");
var seed = seedAt >= 0 && seedAt + 1 < args.Length ? int.Parse(args[seedAt + 1], CultureInfo.InvariantCulture) : Random.Shared.Next(1_000_000);
var minutesAt = Array.IndexOf(args, "--minutes");
double? minutes = minutesAt >= 0 && minutesAt + 1 < args.Length ? double.Parse(args[minutesAt + 1], CultureInfo.InvariantCulture) : quick || runs is not null ? null : 5;
var named = args.Where((a, i) => !a.StartsWith('-') && (i == 0 || args[i - 1] is not ("--runs" or "--seed" or "--minutes"))).ToHashSet(StringComparer.OrdinalIgnoreCase);

// Each fault: its name, why it cannot run here, how often it runs (long, quick), and the run.
(string Name, Func<string?> Obstacle, int Long, int Quick, Func<int, Task<Tally>> Run)[] faults =
[
    ("kill", None, 2000, 60, n => KillFault.OneWriterAsync(n, seed)),
    ("kill3", None, 1500, 60, n => KillFault.ThreeWritersAsync(n, seed)),
    ("create", None, 300, 30, n => KillFault.DuringCreationAsync(n, seed)),
    ("create-race", None, 1500, 150, n => KillFault.CreationRaceAsync(n, seed)),
    ("checkpoint", None, 300, 30, n => KillFault.DuringCheckpointsAsync(n, seed)),
    ("readmodel", None, 500, 30, n => KillFault.DuringReadModelCommitsAsync(n, seed)),
    ("project", Signals.Obstacle, 500, 20, n => ProjectFault.RunAsync(n, seed)),
    ("lease", Signals.Obstacle, 100, 5, n => LeaseFault.RunAsync(n, minutes is { } m ? TimeSpan.FromMinutes(m) : null, seed)),
    ("power", FaultLibrary.Obstacle, 100_000, 600, n => PowerFault.RunAsync(n, seed)),
    ("power-kill", FaultLibrary.Obstacle, 10_000, 400, n => PowerFault.AfterKillAsync(n, seed)),
    ("power-normal", FaultLibrary.Obstacle, 2000, 300, n => PowerFault.ControlAsync(n, seed, "NORMAL")),
    ("power-off", FaultLibrary.Obstacle, 2000, 300, n => PowerFault.ControlAsync(n, seed, "OFF")),
    ("io", FaultLibrary.Obstacle, 200, 30, CallFault.RunAsync),
    ("full", FaultLibrary.Obstacle, 500, 40, FullDiskFault.OnBudgetAsync),
    ("full-tmpfs", FullDiskFault.Obstacle, 500, 40, FullDiskFault.OnMountAsync),
    ("suspend", Signals.Obstacle, 20, 3, SuspendFault.LockHolderAsync),
    ("suspend-writer", Signals.Obstacle, 1000, 60, n => SuspendFault.WriterAsync(n, seed)),
    ("suspend-header", Signals.Obstacle, 1, 0, SuspendFault.HalfWrittenHeaderAsync),
    ("suspend-reader", Signals.Obstacle, 3, 1, SuspendFault.ReaderAsync),
    ("clock", None, 100, 8, n => ClockFault.RunAsync(n, seed)),
    ("pg-kill", PostgresStore.Obstacle, 300, 12, n => PostgresProcessFault.KillAsync(n, seed)),
    ("pg-suspend", PostgresStore.SignalObstacle, 100, 6, n => PostgresProcessFault.SuspendAsync(n, seed)),
    ("pg-restart", PostgresStore.Obstacle, 60, 3, n => PostgresServerFault.RestartAsync(n, seed)),
    ("pg-terminate", PostgresStore.Obstacle, 300, 20, n => PostgresServerFault.TerminateAsync(n, seed)),
    ("pg-cut", PostgresStore.Obstacle, 300, 60, n => PostgresCutFault.RunAsync(n, seed)),
    ("pg-full", PostgresFullDiskFault.Obstacle, 40, 4, n => PostgresFullDiskFault.DataAsync(n, seed)),
    ("pg-full-wal", PostgresFullDiskFault.Obstacle, 10, 1, n => PostgresFullDiskFault.WalAsync(n, seed)),
    ("pg-promote-sync", PostgresStore.Obstacle, 20, 2, n => PostgresPromotionFault.SynchronousAsync(n, seed)),
    ("pg-promote-async", PostgresStore.Obstacle, 20, 1, n => PostgresPromotionFault.AsynchronousAsync(n, seed)),
    ("pg-promote-unchecked", PostgresStore.Obstacle, 5, 1, n => PostgresPromotionFault.ControlAsync(n, seed)),
];

if (named.Count == 0 || args.Contains("--help"))
{
    Console.WriteLine("Proves what the storages in SQLite and PostgreSQL (pg-…), and projections, do under faults. Usage: [all | names...] [--runs N] [--quick] [--seed N]; lease also [--minutes N], by default 5 when long");
    foreach (var fault in faults) Console.WriteLine($"  {fault.Name,-15} {fault.Long,7:N0} runs, quick {fault.Quick,4:N0}{(fault.Obstacle() is { } obstacle ? $"; not here: {obstacle}" : "")}");
    return 64;
}

if (named.Except(faults.Select(f => f.Name), StringComparer.OrdinalIgnoreCase).Where(n => n is not ("all" or "pg")).ToList() is { Count: > 0 } unknown)
{
    Console.Error.WriteLine($"There is no fault '{string.Join("', '", unknown)}'.");
    return 64;
}

var tallies = new List<Tally>();
var isGood = true;
Console.WriteLine($"seed {seed}");
foreach (var (name, obstacle, often, seldom, run) in faults)
{
    if (!named.Contains(name) && !named.Contains(name.Split('-')[0]) && !named.Contains("all")) continue;
    if (obstacle() is { } reason)
    {
        // Asked for by name it must run; among all it may be left out, but not silently.
        Console.WriteLine($"{name}: not run: {reason}.");
        isGood &= !named.Contains(name);
        continue;
    }

    if (quick && seldom == 0 && runs is null)
    {
        Console.WriteLine($"{name}: not in a quick run: even one takes half a minute.");
        continue;
    }

    var watch = Stopwatch.StartNew();
    var tally = await run(runs ?? (quick ? seldom : often));
    tallies.Add(tally);
    isGood &= tally.IsGood;
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {tally.Runs:N0} runs in {watch.Elapsed.TotalSeconds:N0} s, {(tally.IsGood ? "as it must be" : "NOT AS IT MUST BE")}"));

    // At once: a long run may be stopped before its table.
    if (!tally.IsGood) foreach (var note in tally.Notes) Console.WriteLine($"  {note}");
}

Tally.Print(Console.Out, tallies);
return isGood ? 0 : 1;

static string? None() => null;
