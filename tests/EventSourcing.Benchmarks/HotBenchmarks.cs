using System.Diagnostics;
using System.Globalization;

namespace EventSourcing.Benchmarks;

/// <summary>Commands on one aggregate, several at once: how many succeed in a second, and how many are thrown.</summary>
internal static class HotBenchmarks
{
    public static async Task RunAsync(bool quick)
    {
        Console.WriteLine("| storage | at once | commands, /s | thrown |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var isSqlite in new[] { true, false })
        {
            foreach (var atOnce in new[] { 1, 8, 64, 400 }) await MeasureAsync(isSqlite, atOnce, rounds: quick ? 3 : 7);
        }
    }

    private static async Task MeasureAsync(bool isSqlite, int atOnce, int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("es-hot-");
        var (rates, thrown) = (new List<double>(), 0);
        for (var round = 0; round < rounds; round++)
        {
            IEventStorage storage = isSqlite ? new SqliteEventStorage(Path.Combine(folder.FullName, $"{round}.db")) : new InMemoryEventStorage();
            await using var store = new EventStore(storage, new EventTypes(EventType.Of<OrderItemAdded>()));
            await store.Aggregate<HotOrder>("warm").CreateOrUpdateAsync(o => o.Add(0));
            var each = Math.Max(1, 400 / atOnce);
            var (began, failures) = (Stopwatch.GetTimestamp(), 0);
            await Task.WhenAll(Enumerable.Range(0, atOnce).Select(caller => Task.Run(async () =>
            {
                for (var i = 0; i < each; i++)
                {
                    try
                    {
                        await store.Aggregate<HotOrder>("one").CreateOrUpdateAsync(o => o.Add(i));
                    }
                    catch (WrongExpectedVersionException)
                    {
                        Interlocked.Increment(ref failures);
                    }
                }
            })));
            rates.Add(((each * atOnce) - failures) / Stopwatch.GetElapsedTime(began).TotalSeconds);
            thrown = Math.Max(thrown, failures);
        }

        folder.Delete(recursive: true);
        rates.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {(isSqlite ? "SQLite" : "memory")} | {atOnce} | {rates[rates.Count / 2]:N0} | {thrown} |"));
    }

    private sealed class HotOrder : Aggregate
    {
        private int _count;

        public void Add(int number)
        {
            if (_count < 0) throw new InvalidOperationException();
            Raise(OrderItemAdded.Number(number));
        }

        protected override void Apply(object @event) => _count++;
    }
}
