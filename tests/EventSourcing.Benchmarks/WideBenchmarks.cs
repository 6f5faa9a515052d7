using System.Diagnostics;
using EventSourcing.Benchmarks.ManyEvents;

namespace EventSourcing.Benchmarks;

/// <summary>
/// Conditions and queries by a beginning of stream names, and by a hundred types, in a log of 5,000,000 events: how long each
/// takes, and how long the append of another store waits at most meanwhile.
/// </summary>
internal static class WideBenchmarks
{
    private const int PerStream = 100;
    private const int Rounds = 20;

    public static async Task RunAsync(bool quick)
    {
        var events = quick ? 200_000 : 5_000_000;
        var folder = Directory.CreateTempSubdirectory("es-wide-").FullName;
        try
        {
            var path = Path.Combine(folder, "wide.db");
            await using var store = Open(path);
            await FillAsync(store, events);
            await using var other = Open(path);
            await other.AppendAsync("other", ExpectedVersion.Any, [new Event000("Ann", 1, 1)]);

            Console.WriteLine(FormattableString.Invariant($"| in {events:N0} events | median, ms | longest, ms | another's appends: median, ms | longest, ms |"));
            Console.WriteLine("|---|---:|---:|---:|---:|");
            var hundred = EventTypes.FromAssemblyOf<Event000>().StoredNames.Where(name => name != "event-000").Take(101).ToArray();
            await MeasureAsync("nothing else", other, () => Task.Delay(50));
            await MeasureAsync("append without a condition", other, () => AppendAsync(store));
            await MeasureAsync("append if no stream begins with 'nobody-'", other, () => AppendAsync(store, EventQuery.InStreams("nobody-")));
            await MeasureAsync("append if no event is of 101 types that are rare", other, () => AppendAsync(store, EventQuery.OfTypes(hundred)));
            await MeasureAsync("append refused, as streams begin with 'one-'", other, () => RefusedAsync(store, EventQuery.InStreams("one-")));
            await MeasureAsync("query of the streams that begin with 'one-4711'", other, () => store.QueryAsync(EventQuery.InStreams("one-4711")));
            await MeasureAsync("query of 101 types that are rare", other, () => store.QueryAsync(EventQuery.OfTypes(hundred)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static EventStore Open(string path) => new(new SqliteEventStorage(path), EventTypes.FromAssemblyOf<Event000>());

    private static async Task FillAsync(EventStore store, int events)
    {
        const int AtOnce = 10_000 / PerStream;
        var content = Enumerable.Range(0, PerStream).Select(n => new EventData(new Event000("Ann", 12.50m, n))).ToArray();
        for (var stream = 0; stream < events / PerStream; stream += AtOnce)
        {
            var first = stream;
            await store.AppendAsync([.. Enumerable.Range(first, AtOnce).Select(n => new StreamAppend($"one-{n}", ExpectedVersion.NoStream, content))]);
        }
    }

    private static Task<AppendResult> AppendAsync(EventStore store, EventQuery? query = null) => store.AppendAsync(
        [new StreamAppend("guarded", ExpectedVersion.Any, [new EventData(new Event000("Ann", 1, 1))])],
        conditions: query is null ? null : [new AppendCondition(query, After: 0)]);

    private static async Task RefusedAsync(EventStore store, EventQuery query)
    {
        try
        {
            await AppendAsync(store, query);
        }
        catch (AppendConditionFailedException)
        {
            return;
        }

        throw new InvalidOperationException("The append should have been refused.");
    }

    /// <summary>Does it some times, while another store appends one event after the other.</summary>
    private static async Task MeasureAsync(string name, EventStore other, Func<Task> work)
    {
        await work();
        using var done = new CancellationTokenSource();
        var waits = new List<double>();
        var appending = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                var began = Stopwatch.GetTimestamp();
                await other.AppendAsync("other", ExpectedVersion.Any, [new Event000("Bob", 1, 1)]);
                waits.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        });
        var laps = new List<double>();
        for (var i = 0; i < Rounds; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await work();
            laps.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        await done.CancelAsync();
        await appending;
        Console.WriteLine(FormattableString.Invariant(
            $"| {name} | {Measurement.Median([.. laps]):0.0} | {laps.Max():0.0} | {Measurement.Median([.. waits]):0.00} | {waits.Max():0.0} |"));
    }
}
