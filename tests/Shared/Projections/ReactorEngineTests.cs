using System.Collections.Concurrent;

namespace EventSourcing.Tests.Projections;

/// <summary>Reactors: at least once, in the order of the stream, and no more often than they must.</summary>
public abstract class ReactorEngineTests(IStorageSource source) : EngineTests(source)
{
    [Fact]
    public async Task React_delivers_each_stream_in_order_and_not_more_at_once_than_allowed()
    {
        var store = OpenStore();
        var delivered = new ConcurrentQueue<(string Stream, long Position)>();
        var now = 0;
        var most = 0;
        var reactor = new Reactions(StartFrom.Beginning, async (delivery, cancellationToken) =>
        {
            var running = Interlocked.Increment(ref now);
            lock (delivered) most = Math.Max(most, running);
            await Task.Delay(delivery.Event.Position % 3 == 0 ? 2 : 0, cancellationToken);
            delivered.Enqueue((delivery.Event.Stream, delivery.Event.Position));
            Interlocked.Decrement(ref now);
        })
        { Concurrency = 3 };
        for (var i = 0; i < 60; i++) await store.AppendAsync($"s-{i % 7}", ExpectedVersion.Any, [Tallied.For("a")]);
        await using var running = await store.StartReactorsAsync(NoRetries, reactor);
        await running.CatchUpAsync();
        delivered.Select(d => d.Position).Should().BeEquivalentTo(Enumerable.Range(1, 60));
        foreach (var stream in delivered.GroupBy(d => d.Stream)) stream.Select(d => d.Position).Should().BeInAscendingOrder();
        most.Should().BeInRange(1, 3);
    }

    [Fact]
    public async Task Start_now_reacts_to_nothing_that_was_there_and_goes_on_where_it_was()
    {
        var store = OpenStore();
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a"), Tallied.For("a")]);
        var delivered = new ConcurrentQueue<long>();
        var reactor = new Reactions(StartFrom.Now, (delivery, _) => Seen(delivered, delivery));
        await using (var running = await store.StartReactorsAsync(NoRetries, reactor))
        {
            await running.CatchUpAsync();
            await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        }

        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await using (var running = await store.StartReactorsAsync(NoRetries, reactor)) await running.CatchUpAsync();
        delivered.Should().Equal(3, 4);
    }

    [Fact]
    public async Task Start_after_a_position_beyond_the_log_is_refused_and_leaves_no_place_behind()
    {
        var store = OpenStore();
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a"), Tallied.For("a")]);
        var delivered = new ConcurrentQueue<long>();
        await FluentActions.Awaiting(() => store.StartReactorsAsync(NoRetries, new Reactions(StartFrom.After(3), (delivery, _) => Seen(delivered, delivery))))
            .Should().ThrowAsync<ArgumentException>().WithMessage("*to start after position 3, and the log ends at position 2.*");

        await using var running = await store.StartReactorsAsync(NoRetries, new Reactions(StartFrom.After(2), (delivery, _) => Seen(delivered, delivery)));
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        delivered.Should().Equal(3);
    }

    [Fact]
    public async Task Die_before_the_checkpoint_delivers_one_batch_again_with_the_same_ids()
    {
        var delivered = new ConcurrentQueue<(long Position, Guid Id)>();
        var reactor = new Reactions(StartFrom.Beginning, (delivery, _) =>
        {
            delivered.Enqueue((delivery.Event.Position, delivery.Id));
            return Task.CompletedTask;
        })
        { Batch = 4 };
        var (mortal, faults) = OpenFaulty();
        for (var i = 0; i < 40; i++) await mortal.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        faults.BeforeCommit = _ =>
        {
            if (delivered.Count > 8) faults.Die();
            return Task.CompletedTask;
        };
        await using (var dying = await mortal.StartReactorsAsync(NoRetries with { LeaseDuration = TimeSpan.FromMilliseconds(100) }, reactor))
            await FluentActions.Awaiting(() => dying.WaitForAsync(40, Never)).Should().ThrowAsync<ReadModelLateException>();
        var store = OpenStore();
        await using (var running = await store.StartReactorsAsync(NoRetries with { LeaseDuration = TimeSpan.FromMilliseconds(100) }, reactor)) await running.CatchUpAsync();
        delivered.GroupBy(d => d.Position).Should().OnlyContain(of => of.Select(d => d.Id).Distinct().Count() == 1).And.HaveCount(40);
        delivered.Select(d => d.Id).Distinct().Should().HaveCount(40);
        delivered.Should().HaveCount(44, "only the events since the last checkpoint are delivered again");
    }

    [Fact]
    public async Task Fail_parks_the_stream_and_resume_delivers_the_rest_in_order()
    {
        var store = OpenStore();
        var isMended = false;
        var delivered = new ConcurrentQueue<long>();
        var reactor = new Reactions(StartFrom.Beginning, (delivery, _) => !isMended && delivery.Event.Position == 2 ? throw new InvalidOperationException("Not now.") : Seen(delivered, delivery));
        await using var running = await store.StartReactorsAsync(NoRetries, reactor);
        foreach (var stream in new[] { "s-1", "s-2", "s-2", "s-1", "s-2" }) await store.AppendAsync(stream, ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilParkedAsync(store, "reactions", 1);
        await FluentActions.Awaiting(() => running.WaitForAsync(5)).Should().ThrowAsync<ProjectionParkedException>();
        await running.WaitForAsync(4);
        delivered.Should().Equal(1, 4);
        isMended = true;
        await store.ProjectionAdmin().ResumeAsync((await store.ProjectionAdmin().GetParkedAsync("reactions")).Single());
        await running.WaitForAsync(5);
        delivered.Should().Equal(1, 4, 2, 3, 5);
    }

    [Fact]
    public async Task Fail_in_stop_mode_delivers_nothing_behind_and_nothing_before_twice()
    {
        var store = OpenStore();
        var delivered = new ConcurrentQueue<long>();
        var reactor = new Reactions(StartFrom.Beginning, (delivery, _) => delivery.Event.Position == 3 ? throw new InvalidOperationException("Not now.") : Seen(delivered, delivery));
        for (var i = 0; i < 5; i++) await store.AppendAsync($"s-{i}", ExpectedVersion.Any, [Tallied.For("a")]);
        await using var running = await store.StartReactorsAsync(NoRetries with { OnFailure = FailureMode.Stop }, reactor);
        await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ProjectionFailedException>();
        delivered.Should().Equal(1, 2);
    }

    [Fact]
    public async Task Stop_cancels_what_is_under_way_and_delivers_it_again()
    {
        var store = OpenStore();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = 0;
        var reactor = new Reactions(StartFrom.Beginning, async (_, cancellationToken) =>
        {
            if (Interlocked.Increment(ref calls) > 1) return;
            entered.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        });
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await using (await store.StartReactorsAsync(NoRetries, reactor)) await entered.Task.WaitAsync(Never);
        (await store.ProjectionAdmin().GetParkedAsync("reactions")).Should().BeEmpty();
        await using var running = await store.StartReactorsAsync(NoRetries, reactor);
        await running.CatchUpAsync();
        calls.Should().Be(2);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Suspend_the_owner_lets_another_react_and_on_waking_it_delivers_nothing()
    {
        var (asleep, faults) = OpenFaulty();
        var awake = OpenStore();
        var options = NoRetries;
        ConcurrentQueue<long> byOne = new(), byOther = new();
        await using var suspended = await asleep.StartReactorsAsync(options, new Reactions(StartFrom.Beginning, (delivery, _) => Seen(byOne, delivery)));
        await suspended.WaitForAsync(await awake.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        var waking = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        faults.BeforeCommit = _ => waking.Task;
        await using var other = await awake.StartReactorsAsync(options, new Reactions(StartFrom.Beginning, (delivery, _) => Seen(byOther, delivery)));

        // It is suspended for longer than a lease: before it delivers anything then, it must prove that it is the owner.
        await Task.Delay(options.LeaseDuration);

        // An owner at rest owes no sign of life: it is replaced once there is something to do that it does not do.
        var appended = await awake.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilAsync(async () => (await other.GetStatusAsync())[0].State == ProjectionState.Live, "taken over");
        await other.WaitForAsync(appended, Never);
        waking.SetResult();
        await UntilAsync(async () => (await suspended.GetStatusAsync())[0].State == ProjectionState.Standby, "has noticed");
        await other.WaitForAsync(await awake.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        byOne.Should().Equal(1);
        byOther.Should().Equal(2, 3);
    }

    [Fact]
    public async Task Start_under_the_name_of_a_projection_fails_with_a_word_about_it()
    {
        var store = OpenStore();
        await using (var projections = store.StartProjections(NoRetries, new Tallies(null, "reactions")))
            await projections.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        var start = FluentActions.Awaiting(() => store.StartReactorsAsync(NoRetries, new Reactions(StartFrom.Now, (_, _) => Task.CompletedTask)));
        var taken = (await start.Should().ThrowAsync<SubscriberNameTakenException>()).Which;
        taken.Name.Should().Be("reactions");
        taken.Owner.Should().Be(typeof(Tallies).FullName);
    }

    [Fact]
    public async Task Start_from_now_delivers_what_is_appended_as_soon_as_it_has_started()
    {
        for (var round = 0; round < 10; round++)
        {
            var store = OpenStore();
            await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
            var delivered = new ConcurrentQueue<long>();
            var name = $"from now {round}";
            await using var running = await store.StartReactorsAsync(NoRetries, new Reactions(StartFrom.Now, (delivery, _) => Seen(delivered, delivery), name));
            var appended = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
            await running.WaitForAsync(appended, Never);
            delivered.Should().Equal(appended.Position);
        }
    }

    [Fact]
    public async Task Stop_amid_a_batch_keeps_what_was_delivered()
    {
        var store = OpenStore();
        for (var i = 0; i < 5; i++) await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var delivered = new ConcurrentQueue<long>();
        var reactor = new Reactions(StartFrom.Beginning, async (delivery, cancellationToken) =>
        {
            if (delivery.Event.Position == 4 && entered.TrySetResult()) await Task.Delay(Timeout.Infinite, cancellationToken);
            delivered.Enqueue(delivery.Event.Position);
        });
        await using (await store.StartReactorsAsync(NoRetries, reactor)) await entered.Task.WaitAsync(Never);
        delivered.Should().Equal(1, 2, 3);
        await using var running = await store.StartReactorsAsync(NoRetries, reactor);
        await running.CatchUpAsync();
        delivered.Should().Equal(1, 2, 3, 4, 5);
    }

    [Fact]
    public async Task Resume_all_delivers_all_that_was_parked()
    {
        var store = OpenStore();
        var isDown = true;
        var delivered = new ConcurrentQueue<long>();
        var reactor = new Forwarding((delivery, _) => isDown ? throw new InvalidOperationException("The service is down.") : Seen(delivered, delivery));
        for (var i = 0; i < 3; i++) await store.AppendAsync($"s-{i}", ExpectedVersion.Any, [Tallied.For("a"), new Ignored(i)]);
        await using var running = await store.StartReactorsAsync(NoRetries, reactor);
        await UntilParkedAsync(store, "forwarding", 3);
        isDown = false;
        (await store.ProjectionAdmin().ResumeAllAsync("forwarding")).Should().Be(3);
        await running.CatchUpAsync();
        await UntilParkedAsync(store, "forwarding", 0);
        delivered.Should().BeEquivalentTo([1L, 2, 3, 4, 5, 6]);
    }

    private static Task Seen(ConcurrentQueue<long> delivered, Delivery delivery)
    {
        delivered.Enqueue(delivery.Event.Position);
        return Task.CompletedTask;
    }

    private sealed class Forwarding : Reactor
    {
        public Forwarding(Func<Delivery, CancellationToken, Task> forward) => OnAny(forward);

        public override string Name => "forwarding";

        public override StartFrom Start => StartFrom.Beginning;
    }

    private sealed class Reactions : Reactor
    {
        public Reactions(StartFrom start, Func<Delivery, CancellationToken, Task> react, string name = "reactions")
        {
            Start = start;
            Name = name;
            On<Tallied>((_, delivery, cancellationToken) => react(delivery, cancellationToken));
        }

        public override string Name { get; }

        public override StartFrom Start { get; }

        public int Concurrency { get; init; } = 4;

        public int Batch { get; init; } = 32;

        public override int MaxConcurrency => Concurrency;

        public override int BatchSize => Batch;
    }
}
