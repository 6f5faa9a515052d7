using System.Diagnostics;
using System.Globalization;
using EventSourcing.Benchmarks.ManyEvents;

namespace EventSourcing.Benchmarks;

/// <summary>
/// What an app waits for when it starts, with 200 event types and with one: each time in a fresh process, with all that
/// the JIT compiler does there, of the library's code too.
/// </summary>
internal sealed class StartupBenchmarks(bool quick)
{
    /// <summary>The argument by which this program is a process that starts once.</summary>
    public const string Child = "startup-child";

    private static readonly string[] Phases = ["types", "store", "first append", "first read", "types again", "store again"];
    private readonly int _starts = quick ? 11 : 31;

    public IEnumerable<(string Name, Func<Task> Measure)> All => [("startup", MeasureAsync)];

    /// <summary>Starts once, and prints how many milliseconds each phase took.</summary>
    public static async Task StartAsync(int types)
    {
        var laps = new List<long> { Stopwatch.GetTimestamp() };
        var listed = List(types);
        laps.Add(Stopwatch.GetTimestamp());
        await using var store = new EventStore(new InMemoryEventStorage(), listed);
        laps.Add(Stopwatch.GetTimestamp());
        await store.AppendAsync("stream", ExpectedVersion.NoStream, [new Event000("Ann", 1, 2)]);
        laps.Add(Stopwatch.GetTimestamp());
        await foreach (var e in store.ReadStreamAsync("stream")) laps.EnsureCapacity((int)e.Version);
        laps.Add(Stopwatch.GetTimestamp());
        listed = List(types);
        laps.Add(Stopwatch.GetTimestamp());
        await using var second = new EventStore(new InMemoryEventStorage(), listed);
        laps.Add(Stopwatch.GetTimestamp());
        Console.WriteLine(string.Join(' ', laps.Zip(laps.Skip(1), (from, to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds.ToString(CultureInfo.InvariantCulture))));
    }

    private static EventTypes List(int types) => types == 1 ? new EventTypes(EventType.Of<Event000>("event-000")) : EventTypes.FromAssemblyOf<Event000>();

    private async Task MeasureAsync()
    {
        var (one, all) = (new List<double[]>(), new List<double[]>());
        await InFreshProcessAsync(1);
        for (var start = 0; start < _starts; start++)
        {
            one.Add(await InFreshProcessAsync(1));
            all.Add(await InFreshProcessAsync(200));
        }

        for (var phase = 0; phase < Phases.Length; phase++) Print(Phases[phase], laps => laps[phase]);
        Print("types and store", laps => laps[0] + laps[1]);

        void Print(string phase, Func<double[], double> of) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"(start-up, {phase}: with one event type {Median(one.Select(of)):0.00} ms, with 200 {Median(all.Select(of)):0.00} ms; the others add {Median(one.Zip(all, (o, a) => of(a) - of(o))):0.00} ms; medians of {_starts} fresh processes)"));
    }

    private static double Median(IEnumerable<double> values) => Measurement.Median([.. values]);

    private static async Task<double[]> InFreshProcessAsync(int types)
    {
        var program = Environment.ProcessPath!;
        string[] host = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        using var process = Process.Start(new ProcessStartInfo(program, [.. host, Child, types.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true })!;
        var printed = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return [.. printed.Split(' ').Select(lap => double.Parse(lap, CultureInfo.InvariantCulture))];
    }
}
