using System.Diagnostics;
using System.Globalization;
using EventSourcing.Tests.Concurrency;
using Xunit.Abstractions;

namespace EventSourcing.Sqlite.Tests.Concurrency;

public sealed class SqliteDecisionRaceTests(ITestOutputHelper output) : DecisionRaceTests(output), IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ITestOutputHelper _output = output;
    private int _files;

    protected override int UsualRounds => 4;

    protected override int Workers => 16;

    [Fact]
    public async Task Race_of_decisions_in_three_processes_never_stores_one_whose_facts_had_changed()
    {
        for (var round = 0; round < Effort.Races(1); round++)
        {
            var path = NextFile();
            await using var storage = new SqliteEventStorage(path);
            var processes = Enumerable.Range(0, 3).Select(_ => WorkerProgram.Start("decide", path)).ToList();

            // They say when they are there, and begin together.
            foreach (var process in processes) (await process.StandardOutput.ReadLineAsync()).Should().Be("ready");
            var verdicts = Task.WhenAll(processes.Select(VerdictsOfAsync));
            var tail = Task.Run(() => DecisionLog.TailAsync(storage, verdicts));
            for (var i = 0; i < processes.Count; i++) await processes[i].StandardInput.WriteLineAsync(((1000 * round) + (100 * i)).ToString(CultureInfo.InvariantCulture));

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

    public void Dispose() => _folder.Dispose();

    protected override IEventStorage Open() => new SqliteEventStorage(NextFile());

    private string NextFile() => _folder.FileNamed($"{Interlocked.Increment(ref _files)}.db");

    private static async Task<IReadOnlyList<Verdict>> VerdictsOfAsync(Process process)
    {
        var lines = (await process.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0);
        return [.. lines.Select(line => line.Split(' ')).Select(words => new Verdict(Guid.Parse(words[0]), long.Parse(words[1], CultureInfo.InvariantCulture)))];
    }
}
