using EventSourcing.Tests.Testing;

namespace EventSourcing.Tests.Concurrency;

/// <summary>The proof that a log of decisions gives of itself, on logs made by hand.</summary>
public class DecisionLogTests
{
    private static readonly DecisionItem[] OfTag = [new([], ["x"])];
    private static readonly DecisionItem[] OfTypeAndTag = [new(["A"], ["x"])];

    [Fact]
    public void Prove_decisions_on_the_newest_facts_finds_no_fault() =>
        FaultOf(Event("A", "x", OfTag, after: 0), Event("B", "x", OfTag, after: 1), Event("A", "", OfTypeAndTag, after: 1)).Should().BeNull();

    [Fact]
    public void Prove_a_decision_that_missed_a_match_finds_it() =>
        FaultOf(Event("A", "x", OfTag, after: 0), Event("B", "y", OfTag, after: 0)).Should().StartWith("Decided on facts that had changed: #2");

    [Fact]
    public void Prove_a_decision_that_missed_what_its_query_does_not_ask_for_finds_no_fault() =>
        FaultOf(Event("B", "x", OfTag, after: 0), Event("A", "y", [], after: 1), Event("A", "x", OfTypeAndTag, after: 0)).Should().BeNull();

    [Fact]
    public void Prove_a_decision_on_every_event_that_missed_any_finds_it() =>
        FaultOf(Event("B", "", OfTag, after: 0), Event("B", "", [], after: 0)).Should().StartWith("Decided on facts that had changed: #2");

    [Fact]
    public void Prove_a_batch_finds_no_fault_in_its_own_events()
    {
        var batch = Guid.NewGuid();
        FaultOf(Event("A", "x", OfTag, 0, batch, 0, 2), Event("A", "x", OfTag, 0, batch, 1, 2)).Should().BeNull();
    }

    [Fact]
    public void Prove_a_batch_that_is_not_together_finds_it()
    {
        var batch = Guid.NewGuid();
        FaultOf(Event("A", "x", OfTag, 0, batch, 0, 2)).Should().StartWith("Not together");
        FaultOf(Event("A", "x", OfTypeAndTag, 0, batch, 0, 2), Event("B", "y", [new(["C"], [])], 0), Event("A", "x", OfTypeAndTag, 0, batch, 1, 2)).Should().StartWith("Not together");
    }

    [Fact]
    public void Prove_against_what_the_workers_were_told_finds_what_is_lost_or_was_refused_and_stored()
    {
        var e = Event("A", "x", OfTag, after: 0) with { Position = 1 };
        DecisionLog.FindFault([e], [new Verdict(e.Decision.Batch, 1)]).Should().BeNull();
        DecisionLog.FindFault([e], [new Verdict(e.Decision.Batch, 2)]).Should().Contain("was told position 2");
        DecisionLog.FindFault([e], [new Verdict(e.Decision.Batch, 0)]).Should().Contain("was told position 0");
        DecisionLog.FindFault([], [new Verdict(e.Decision.Batch, 1)]).Should().Contain("stands at 0");
        DecisionLog.FindFault([e], []).Should().Contain("no worker knows");
        DecisionLog.FindFault([e with { Position = 2 }], []).Should().StartWith("At place 1 of the log stands #2");
    }

    [Fact]
    public async Task Tail_a_log_that_ends_within_a_batch_fails()
    {
        await using var storage = new InMemoryEventStorage();
        var decision = new Decision(Guid.NewGuid(), 0, 2, 0, OfTag);
        await storage.AppendAsync(new AppendRequest([new StreamWrite("s", ExpectedVersion.Any, [new NewEvent(Guid.NewGuid(), "A", decision.ToJson())])]));
        await FluentActions.Awaiting(() => DecisionLog.TailAsync(storage, Task.CompletedTask)).Should().ThrowAsync<Xunit.Sdk.XunitException>().WithMessage("The log ends within a batch*");
    }

    [Fact]
    public async Task Tail_a_storage_that_lets_readers_pass_what_is_in_flight_fails()
    {
        await using var storage = new Faults.LetsReadersPassWhatIsInFlight(new EventStorageOptions());
        await FluentActions.Awaiting(async () =>
        {
            for (var round = 0; round < 50; round++) await DecisionLog.RaceAsync(storage, workers: 8, round);
        }).Should().ThrowAsync<Xunit.Sdk.XunitException>();
    }

    private static string? FaultOf(params DecidedEvent[] log) =>
        DecisionLog.FindFault([.. log.Select((e, i) => e with { Position = i + 1 })], [.. log.Select((e, i) => (e.Decision, Position: i + 1)).Where(e => e.Decision.Index == 0).Select(e => new Verdict(e.Decision.Batch, e.Position))]);

    private static DecidedEvent Event(string type, string tag, DecisionItem[] query, long after, Guid? batch = null, int index = 0, int count = 1) =>
        new(0, type, tag.Length > 0 ? [tag] : [], new Decision(batch ?? Guid.NewGuid(), index, count, after, query));
}
