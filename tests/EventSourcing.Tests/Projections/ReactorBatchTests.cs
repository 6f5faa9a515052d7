using System.Collections.Concurrent;

namespace EventSourcing.Tests.Projections;

public class ReactorBatchTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(600)]
    public async Task React_keeps_a_checkpoint_after_each_batch(int events)
    {
        // What is checked is how much a crash could have delivered again: the events since the last checkpoint.
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [.. Enumerable.Repeat(new MoneyDeposited(1), events)]);
        var furthest = 0L;
        var recording = new Recording(async e =>
        {
            var run = (await store.Storage.ReadModels.LoadAsync("$runs", ["recording@1"]))[0]!;
            furthest = Math.Max(furthest, e.Position - RecordJson.Read<RunRecord>(ControlDocuments.Runs, "recording@1", run).Position);
        });
        await using var running = await store.StartReactorsAsync(recording);
        await running.CatchUpAsync();
        recording.Positions.Should().Equal(Enumerable.Range(1, events).Select(n => (long)n));
        furthest.Should().Be(recording.BatchSize);
    }

    [Fact]
    public async Task React_up_to_an_event_that_stops_it_delivers_what_came_before_it_once()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [.. Enumerable.Repeat(new MoneyDeposited(1), 3)]);
        var recording = new Recording(e => e.Position == 3 ? throw new InvalidOperationException("as it was told to") : Task.CompletedTask);
        await using (var running = await store.StartReactorsAsync(Bank.StopAtOnce, recording))
        {
            await FluentActions.Awaiting(() => running.WaitForAsync(3)).Should().ThrowAsync<ProjectionFailedException>();
        }

        recording.Positions.Should().Equal(1, 2, 3);
        var again = new Recording(_ => Task.CompletedTask);
        await using (var running = await store.StartReactorsAsync(Bank.StopAtOnce, again)) await running.WaitForAsync(3);
        again.Positions.Should().Equal(3);
    }

    [Fact]
    public async Task Start_of_a_reactor_that_fails_before_the_call_is_back_leaves_the_failure_to_its_completion()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new MoneyDeposited(1)]);
        var recording = new Recording(_ => throw new InvalidOperationException("as it was told to"));
        await using var running = new RunningReactors(store, [recording], Bank.StopAtOnce);
        await FluentActions.Awaiting(() => running.Completion).Should().ThrowAsync<ProjectionFailedException>();
        await FluentActions.Awaiting(running.PlacedAsync).Should().NotThrowAsync();
    }

    private sealed class Recording : Reactor
    {
        public Recording(Func<RecordedEvent, Task> react) => On<MoneyDeposited>((_, delivery, _) =>
        {
            Positions.Enqueue(delivery.Event.Position);
            return react(delivery.Event);
        });

        public ConcurrentQueue<long> Positions { get; } = [];

        public override string Name => "recording";

        public override StartFrom Start => StartFrom.Beginning;

        public override int BatchSize => 4;
    }
}
