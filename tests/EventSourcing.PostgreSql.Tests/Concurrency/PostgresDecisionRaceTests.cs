using System.Diagnostics;
using System.Globalization;
using EventSourcing.Tests.Concurrency;
using EventSourcing.Tests.Postgres;
using Xunit.Abstractions;

namespace EventSourcing.PostgreSql.Tests.Concurrency;

public sealed class PostgresDecisionRaceTests(ITestOutputHelper output) : DecisionRaceTests(output), IDisposable
{
    private readonly SchemaPerStore _schemas = new();
    private readonly ITestOutputHelper _output = output;

    protected override int UsualRounds => 4;

    protected override int Workers => 16;

    [Fact]
    public async Task Race_of_decisions_in_three_processes_never_stores_one_whose_facts_had_changed()
    {
        for (var round = 0; round < Effort.Races(1); round++)
        {
            var schema = _schemas.Next();
            await using var storage = schema.Open();
            var processes = Enumerable.Range(0, 3)
                .Select(_ => WorkerProgram.Start("decide", PostgresServer.ConnectionString, schema.Name)).ToList();

            // They say when they are there, and begin together.
            foreach (var process in processes) (await process.StandardOutput.ReadLineAsync()).Should().Be("ready");
            var verdicts = Task.WhenAll(processes.Select(VerdictsOfAsync));
            var tail = Task.Run(() => DecisionLog.TailAsync(storage, verdicts));
            for (var i = 0; i < processes.Count; i++)
                await processes[i].StandardInput.WriteLineAsync(((1000 * round) + (100 * i)).ToString(CultureInfo.InvariantCulture));

            var log = await tail;
            var all = (await verdicts).SelectMany(v => v).ToList();
            foreach (var process in processes) process.Dispose();
            DecisionLog.FindFault(log, all).Should().BeNull("of round {0}", round);
            var stored = all.Count(verdict => verdict.FirstPosition > 0);
            _output.WriteLine($"{log.Count} events of {stored} decisions stored, {all.Count - stored} refused.");
            all.Should().HaveCount(3 * DecisionWorker.Workers * DecisionWorker.Batches);
            stored.Should().BeInRange(1, all.Count - 1, "a race has winners and losers");
        }
    }

    public void Dispose() => _schemas.Dispose();

    protected override IEventStorage Open() => _schemas.Next().Open();

    private static async Task<IReadOnlyList<Verdict>> VerdictsOfAsync(Process process)
    {
        var lines = (await process.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0);
        return [.. lines.Select(line => line.Split(' '))
            .Select(words => new Verdict(Guid.Parse(words[0]), long.Parse(words[1], CultureInfo.InvariantCulture)))];
    }
}
