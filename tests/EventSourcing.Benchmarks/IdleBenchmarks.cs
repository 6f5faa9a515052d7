using System.Diagnostics;

namespace EventSourcing.Benchmarks;

/// <summary>Measures what idle stores cost: processor time, as a share of one core, and whether anything is written.</summary>
internal static class IdleBenchmarks
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(30);

    public static async Task RunAsync()
    {
        Console.WriteLine("| at rest | of a core | bytes written to the write-ahead logs |");
        Console.WriteLine("|---|---|---|");
        await MeasureAsync("1 store, 1 projection", stores: 1, projections: 1);
        await MeasureAsync("1 store, 200 projections", stores: 1, projections: 200);
        await MeasureAsync("100 stores, 1 projection each", stores: 100, projections: 1);
    }

    private static async Task MeasureAsync(string name, int stores, int projections)
    {
        var folder = Directory.CreateTempSubdirectory("idle").FullName;
        var opened = new List<EventStore>();
        var running = new List<RunningProjections>();
        for (var i = 0; i < stores; i++)
        {
            var store = new EventStore(new SqliteEventStorage(Path.Combine(folder, $"{i}.db")), new EventTypes(EventType.Of<Happened>("happened")));
            var appended = await store.AppendAsync("stream-1", ExpectedVersion.Any, [new Happened(1)]);
            opened.Add(store);
            running.Add(store.StartProjections([.. Enumerable.Range(0, projections).Select(n => new Idle($"idle{n}"))]));
            await running[^1].WaitForAsync(appended, TimeSpan.FromMinutes(5));
        }

        await Task.Delay(Settling);
        var logs = Directory.GetFiles(folder, "*-wal").Select(file => new FileInfo(file)).ToList();
        var before = (Changes(), Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        await Task.Delay(Measured);
        var share = (Environment.CpuUsage.TotalTime - before.TotalTime) / Stopwatch.GetElapsedTime(before.Item3);
        Console.WriteLine(FormattableString.Invariant($"| {name} | {share:P1} | {(Changes() == before.Item1 ? "none" : "some")} |"));
        foreach (var projection in running) await projection.DisposeAsync();
        foreach (var store in opened) await store.DisposeAsync();
        Directory.Delete(folder, recursive: true);

        (long Bytes, long Ticks) Changes()
        {
            logs.ForEach(log => log.Refresh());
            return (logs.Sum(log => log.Length), logs.Max(log => log.LastWriteTimeUtc.Ticks));
        }
    }

    private sealed record Happened(int Number);

    private sealed record Count(int Events);

    private sealed class Idle : Projection<Count>
    {
        public Idle(string name)
        {
            Name = name;
            On<Happened>((count, _) => new Count((count?.Events ?? 0) + 1));
        }

        public override string Name { get; }
    }
}
