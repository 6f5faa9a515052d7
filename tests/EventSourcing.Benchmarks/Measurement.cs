using System.Diagnostics;
using System.Globalization;

namespace EventSourcing.Benchmarks;

/// <summary>Two ways to do the same work, measured in turn so that the machine's moods fall on both alike.</summary>
internal sealed class Measurement(string work, double target, Func<int, Task<double>> floor, Func<int, Task<double>> ours)
{
    public async Task RunAsync(int rounds)
    {
        var floors = new List<double>();
        var ourses = new List<double>();
        await floor(-1);
        await ours(-1);
        for (var round = 0; round < rounds; round++)
        {
            // The order alternates: whoever goes second finds the disk and the caches as the first left them.
            if (round % 2 == 0) floors.Add(await CleanAsync(floor, round));
            ourses.Add(await CleanAsync(ours, round));
            if (round % 2 == 1) floors.Add(await CleanAsync(floor, round));
        }

        var ratios = floors.Zip(ourses, (f, o) => o / f).Order().ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {work} | {Median(floors):N0} | {Median(ourses):N0} | {Median(ratios):0.00} ({ratios[0]:0.00}–{ratios[^1]:0.00}) | {target:0.00} |{(Median(ratios) < target ? " below" : "")}"));
    }

    public static async Task<double> RateAsync(int count, Func<Task> work)
    {
        var clock = Stopwatch.StartNew();
        await work();
        return count / clock.Elapsed.TotalSeconds;
    }

    public static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static async Task<double> CleanAsync(Func<int, Task<double>> measure, int round)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return await measure(round);
    }
}
