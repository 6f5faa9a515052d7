using Xunit.Abstractions;

namespace EventSourcing.Tests.Concurrency;

/// <summary>
/// Many workers decide on random queries at once, and each event says on what it was decided; so the log alone proves
/// that no decision was stored whose facts had changed. EVENTSOURCING_RACES says how many rounds, for long runs.
/// </summary>
public abstract class DecisionRaceTests(ITestOutputHelper output)
{
    /// <summary>How many rounds make up a usual run.</summary>
    protected abstract int UsualRounds { get; }

    protected abstract int Workers { get; }

    [Fact]
    public async Task Race_of_decisions_never_stores_one_whose_facts_had_changed()
    {
        for (var round = 0; round < Effort.Races(UsualRounds); round++)
        {
            await using var storage = Open();
            var (log, verdicts) = await DecisionLog.RaceAsync(storage, Workers, round);
            DecisionLog.FindFault(log, verdicts).Should().BeNull("of round {0}", round);
            var stored = verdicts.Count(verdict => verdict.FirstPosition > 0);
            output.WriteLine($"{log.Count} events of {stored} decisions stored, {verdicts.Count - stored} refused.");
            stored.Should().BeInRange(1, verdicts.Count - 1, "a race has winners and losers");
        }
    }

    [Fact]
    public async Task Race_of_decisions_on_a_storage_that_checks_before_it_locks_is_found_out()
    {
        string? fault = null;
        for (var round = 0; fault is null && round < 50; round++)
        {
            await using var racy = new ChecksBeforeTheLock(Open());
            var (log, verdicts) = await DecisionLog.RaceAsync(racy, Workers, round);
            fault = DecisionLog.FindFault(log, verdicts);
        }

        fault.Should().StartWith("Decided on facts that had changed");
    }

    /// <summary>Opens a new, empty storage.</summary>
    protected abstract IEventStorage Open();
}
