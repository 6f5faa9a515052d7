using System.Globalization;
using EventSourcing.Tests.Concurrency;

namespace EventSourcing.PostgreSql.Tests.Concurrency;

/// <summary>A process that makes decisions on a test's store: it is given a seed, and prints a line for each verdict.</summary>
internal static class DecisionWorker
{
    public const int Workers = 4;
    public const int Batches = 25;

    public static async Task<int> RunAsync(string connectionString, string schema)
    {
        await using var storage = WorkerProgram.Open(connectionString, schema);
        await storage.GetHeadAsync();
        Console.WriteLine("ready");
        var seed = int.Parse(Console.ReadLine()!, CultureInfo.InvariantCulture);
        var verdicts = await Task.WhenAll(Enumerable.Range(seed, Workers)
            .Select(worker => Task.Run(() => new DecisionMaker(storage, worker).RunAsync(Batches))));
        foreach (var verdict in verdicts.SelectMany(v => v))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{verdict.Batch} {verdict.FirstPosition}"));
        return 0;
    }
}
