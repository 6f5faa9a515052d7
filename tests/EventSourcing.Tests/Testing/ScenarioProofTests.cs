using System.Text.Json.Serialization;
using EventSourcing.Testing;

namespace EventSourcing.Tests.Testing;

/// <summary>A scenario never passes if it has proven nothing.</summary>
public class ScenarioProofTests
{
    private static readonly EventTypes Types = new(EventType.Of<Put>("put"), EventType.Of<Poisoned>("poisoned"));

    private static readonly Decider<int, int> Summing = new("sum", 0, (_, n) => n < 0 ? throw new InvalidOperationException("negative") : [new Put(n)], (sum, e) => e is Put put ? sum + put.N : throw new InvalidOperationException("poison"));

    private static AggregateScenario<Box> Empty => Scenario.For<Box>(Types);

    public static async Task<ScenarioException> FailingAsync(Task scenario) => (await FluentActions.Awaiting(() => scenario).Should().ThrowAsync<ScenarioException>()).Which;

    [Fact]
    public async Task Then_with_another_id_or_metadata_fails()
    {
        var id = Guid.CreateVersion7();
        var metadata = new EventMetadata { CorrelationId = "c", CausationId = "e", Values = new Dictionary<string, string> { ["user"] = "ann" } };
        var outcome = Empty.When(box => box.Tell(new EventData(new Put(1)) { Id = id, Metadata = metadata }));

        await outcome.ThenAsync(new EventData(new Put(1)) { Id = id, Metadata = metadata });
        await outcome.ThenAsync(new EventData(new Put(1)));
        (await FailingAsync(outcome.ThenAsync(new EventData(new Put(1)) { Id = Guid.Empty }))).Message.Should().EndWith($"event 1: should have the id {Guid.Empty}, but has {id}");
        (await FailingAsync(outcome.ThenAsync(new EventData(new Put(1)) { Metadata = new() { CorrelationId = "other", Values = new Dictionary<string, string> { ["tenant"] = "a" } } }))).Message
            .Should().EndWith("event 1: metadata causationId: (none) → e\n  event 1: metadata correlationId: other → c\n  event 1: metadata tenant: a → (none)\n  event 1: metadata user: (none) → ann");
        (await FailingAsync(outcome.ThenAsync(new EventData(new Put(1)) { Metadata = EventMetadata.None }))).Message.Should().Contain("metadata user: (none) → ann");
    }

    [Fact]
    public async Task Then_within_a_recorded_trace_compares_the_metadata_without_it()
    {
        using var listener = new System.Diagnostics.ActivityListener { ShouldListenTo = source => source.Name == nameof(ScenarioProofTests), Sample = (ref System.Diagnostics.ActivityCreationOptions<System.Diagnostics.ActivityContext> _) => System.Diagnostics.ActivitySamplingResult.AllDataAndRecorded };
        System.Diagnostics.ActivitySource.AddActivityListener(listener);
        using var source = new System.Diagnostics.ActivitySource(nameof(ScenarioProofTests));
        using var activity = source.StartActivity("test");
        activity.Should().NotBeNull();

        await Empty.When(box => box.Put(1)).ThenAsync(new EventData(new Put(1)) { Metadata = EventMetadata.None });
    }

    [Fact]
    public async Task ThenThrows_where_a_given_event_cannot_be_applied_fails_and_names_the_event()
    {
        (await FailingAsync(Empty.Given(new Put(1), new Poisoned()).Given(new Put(2)).When(box => box.Put(-1)).ThenThrowsAsync<InvalidOperationException>())).Message
            .Should().Be("The given event 2, Poisoned, cannot be applied, so the command was not called: InvalidOperationException: poison");
        (await FailingAsync(Scenario.For(Summing, Types).Given(new Put(1), new Poisoned()).When(-1).ThenThrowsAsync<InvalidOperationException>())).Message
            .Should().StartWith("The given event 2, Poisoned, cannot be applied");
        (await FailingAsync(Empty.Given(new Poisoned()).When(box => box.Put(1)).ThenAsync(new Put(1)))).Message.Should().StartWith("The given event 1, Poisoned, cannot be applied");
    }

    [Fact]
    public async Task ThenThrows_where_the_command_is_never_called_fails()
    {
        (await FailingAsync(Scenario.For<Crate<int>>(Types).When(crate => crate.Put(-1)).ThenThrowsAsync<InvalidOperationException>())).Message.Should().StartWith("The command was not called, because of this before: InvalidOperationException: ").And.Contain("is generic");
        (await FailingAsync(Scenario.ForDecision(Types).When(EventQuery.OfTypes("pot"), _ => throw new ArgumentException("negative")).ThenThrowsAsync<ArgumentException>())).Message.Should().StartWith("The command was not called").And.Contain("'pot'");
        (await FailingAsync(Scenario.For(Summing, Types).When(_ => throw new InvalidOperationException("no command")).ThenThrowsAsync<InvalidOperationException>())).Message.Should().StartWith("The command was not called").And.Contain("no command");
    }

    [Fact]
    public async Task ThenThrows_where_only_the_store_refuses_what_the_command_gave_fails()
    {
        (await FailingAsync(Empty.When(box => box.Tell(new Unlisted())).ThenThrowsAsync<ArgumentException>())).Message.Should().StartWith("The command did not fail, but what it gave cannot be appended: ArgumentException: ").And.Contain("Unlisted");
        (await FailingAsync(Scenario.ForDecision(Types).When(EventQuery.OfTypes("put"), _ => [new StreamAppend("", ExpectedVersion.Any, [new Put(1)])]).ThenThrowsAsync<ArgumentException>())).Message.Should().StartWith("The command did not fail");
    }

    [Fact]
    public async Task ThenThrows_of_a_conflict_that_the_store_finds_passes()
    {
        var given = Scenario.ForDecision(Types, new EventStoreOptions { MaxConflictRetries = 0 }).Given("box-1", new Put(1));
        await given.When(EventQuery.OfTypes("put"), _ => [new StreamAppend("box-1", ExpectedVersion.NoStream, [new Put(2)])]).ThenThrowsAsync<WrongExpectedVersionException>();
    }

    [Fact]
    public async Task ThenThrows_of_an_event_that_the_command_itself_cannot_apply_passes() =>
        await Empty.When(box => box.Tell(new Poisoned())).ThenThrowsAsync<InvalidOperationException>(e => e.Message == "poison");

    [Fact]
    public async Task ThenThrows_of_a_lazy_decision_passes_where_its_code_fails() =>
        await Scenario.For(new Decider<int, int>("sum", 0, (_, n) => Enumerable.Range(n, 1).Select(object (_) => throw new FormatException("late")), (sum, _) => sum), Types).When(1).ThenThrowsAsync<FormatException>();

    [Fact]
    public async Task Given_that_cannot_be_stored_fails_and_names_the_event()
    {
        var twice = new EventData(new Put(1)) { Id = Guid.CreateVersion7() };
        (await FailingAsync(Empty.Given(new Put(1)).Given(new Put(2), new Unlisted()).When(box => box.Put(-1)).ThenThrowsAsync<ArgumentException>())).Message.Should().StartWith("The given event 3, Unlisted, cannot be stored, so the scenario cannot begin: ArgumentException: ");
        (await FailingAsync(Empty.Given(new Put(1), null!).When(box => box.Put(-1)).ThenThrowsAsync<ArgumentException>())).Message.Should().StartWith("The given event 2, null, cannot be stored");
        (await FailingAsync(Empty.Given(twice).Given(twice).When(box => box.Put(1)).ThenAsync(new Put(1)))).Message.Should().StartWith("The given event 2, Put, has an id that was given before");
        (await FailingAsync(Scenario.For(new Balances(), Types).Given("box-1", new Unlisted()).ThenNoneAsync("1"))).Message.Should().StartWith("The given event 1, Unlisted, cannot be stored");
    }

    [Fact]
    public async Task When_decides_null_the_scenario_fails_whatever_it_expects()
    {
        (await FailingAsync(Scenario.ForDecision(Types).When(EventQuery.OfTypes("put"), _ => null!).ThenThrowsAsync<Exception>())).Message.Should().StartWith("The decision returned null");
        (await FailingAsync(Scenario.For(new Decider<int, int>("sum", 0, (_, _) => null!, (sum, _) => sum), Types).When(1).ThenThrowsAsync<Exception>())).Message.Should().StartWith("The decision returned null");
        (await FailingAsync(Empty.When((_, _) => null!).ThenThrowsAsync<Exception>())).Message.Should().StartWith("The command returned null in place of a Task");
    }

    [Fact]
    public async Task When_is_asynchronous_what_happens_later_counts()
    {
        await Empty.When(async box =>
        {
            await Task.Yield();
            box.Put(1);
        }).ThenAsync(new Put(1));
        await Empty.When(box => box.PutLaterAsync(-1)).ThenThrowsAsync<InvalidOperationException>();
        await FluentActions.Awaiting(() => Empty.When(box => box.Put(1)).ThenStateAsync(async _ =>
        {
            await Task.Yield();
            throw new FormatException("of the test's own");
        })).Should().ThrowAsync<FormatException>();
    }

    [Fact]
    public async Task ThenInStream_of_another_stream_fails()
    {
        var outcome = Scenario.ForDecision(Types).When(EventQuery.OfTypes("put"), _ => [new StreamAppend("box-1", ExpectedVersion.Any, [new Put(1)]), new StreamAppend("box-2", ExpectedVersion.Any, [new Put(2)])]);
        await outcome.ThenInStreamAsync("box-1", new Put(1));
        await outcome.ThenInStreamAsync("box-2", new Put(2));
        await outcome.ThenInStreamAsync("box-3");
        await outcome.ThenAsync(new Put(1), new Put(2));
        (await FailingAsync(outcome.ThenInStreamAsync("box-2", new Put(1)))).Message.Should().Be("The scenario should have appended to 'box-2':\n  1. Put {\"n\":1}\nbut appended:\n  1. Put {\"n\":2}\n  event 1: n: 1 → 2\nIt has also appended to 'box-1'.");
        (await FailingAsync(outcome.ThenInStreamAsync("box-3", new Put(1)))).Message.Should().Contain("but appended nothing").And.EndWith("It has also appended to 'box-1', 'box-2'.");
    }

    [Fact]
    public async Task Then_in_another_order_fails() =>
        (await FailingAsync(Empty.When(box => { box.Put(1); box.Put(2); }).ThenAsync(new Put(2), new Put(1)))).Message.Should().Contain("event 1: n: 2 → 1").And.Contain("event 2: n: 1 → 2");

    public sealed record Put(int N);

    public sealed record Poisoned;

    public sealed record Unlisted;

    public class Box : Aggregate
    {
        public void Put(int n) => Raise(n < 0 ? throw new InvalidOperationException("negative") : new Put(n));

        public void Tell(object e) => Raise(e);

        public async Task PutLaterAsync(int n)
        {
            await Task.Yield();
            Put(n);
        }

        protected override void Apply(object @event)
        {
            if (@event is Poisoned) throw new InvalidOperationException("poison");
        }
    }

    /// <summary>A generic class has no category by itself.</summary>
    public sealed class Crate<T> : Box;
}
