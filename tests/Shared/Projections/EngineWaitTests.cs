namespace EventSourcing.Tests.Projections;

/// <summary>A caller that waits for an event finds it in the read model, or is told at once why not. Also tests subscriptions.</summary>
public abstract class EngineWaitTests(IStorageSource source) : EngineTests(source)
{
    [Theory]
    [Trait("Speed", "Slow")]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Wait_for_an_own_append_among_8_writers_and_rebuilds_is_never_stale(int hosts)
    {
        var projection = new Tallies();
        var stores = Enumerable.Range(0, hosts).Select(_ => OpenStore()).ToList();
        var running = stores.Select(store => store.StartProjections(NoRetries, projection)).ToList();
        await running[0].CatchUpAsync();
        var writers = Task.WhenAll(Enumerable.Range(0, 8).Select(w => Task.Run(async () =>
        {
            var store = stores[w % hosts];
            for (var i = 1; i <= 150; i++)
            {
                await running[w % hosts].WaitForAsync(await store.AppendAsync($"w-{w}", ExpectedVersion.Any, [Tallied.For($"w{w}")]), Never);
                (await store.ReadModel(projection).FindAsync($"w{w}"))!.Applied.Should().HaveCount(i);
            }
        })));
        while (!writers.IsCompleted) await running[0].RebuildAsync("tallies").WaitAsync(Never);
        await writers.WaitAsync(Never);
        foreach (var one in running) await one.DisposeAsync();
        await ShouldBeFoldAsync(stores[0], projection);
    }

    [Fact]
    public async Task Wait_on_an_empty_store_or_for_position_0_returns()
    {
        var store = OpenStore();
        await using var running = store.StartProjections(NoRetries, new Tallies());
        await running.WaitForAsync(0);
        (await running.CatchUpAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Wait_for_what_is_not_there_times_out_as_late()
    {
        var store = OpenStore();
        await using var running = store.StartProjections(NoRetries, new Tallies());
        await running.CatchUpAsync();
        var late = (await FluentActions.Awaiting(() => running.WaitForAsync(7, TimeSpan.FromMilliseconds(20))).Should().ThrowAsync<ReadModelLateException>()).Which;
        late.Should().BeEquivalentTo(new { Projection = "tallies", Position = 7L, Reached = 0L });
        late.Message.Should().Contain("The log ends at position 0, so there is no event at 7 yet").And.NotContain("is stored");
    }

    [Fact]
    public async Task Wait_in_another_host_for_events_that_nobody_looks_at_returns_while_more_of_them_come()
    {
        var (one, two) = (OpenStore(), OpenStore());
        await using var running = one.StartProjections(NoRetries, new Tallies());
        await running.CatchUpAsync();
        await using var standby = two.StartProjections(NoRetries, new Tallies());
        using var stop = new CancellationTokenSource();
        var result = await one.AppendAsync("s-1", ExpectedVersion.Any, [new Ignored(0)]);
        var appending = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await one.AppendAsync("s-1", ExpectedVersion.Any, [new Ignored(1)]);
                await Task.Delay(20);
            }
        });
        try
        {
            await standby.WaitForAsync(result, TimeSpan.FromSeconds(10));
        }
        finally
        {
            await stop.CancelAsync();
            await appending.WaitAsync(Never);
        }
    }

    [Fact]
    public async Task Wait_for_a_projection_whose_storage_fails_throws_that_at_once()
    {
        var (store, faults) = OpenFaulty();
        await using var running = store.StartProjections(NoRetries, new Tallies());
        await running.CatchUpAsync();
        faults.BeforeCommit = _ => throw FaultPoints.Failure(outcomeIsUnknown: false);
        var result = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        (await FluentActions.Awaiting(() => running.WaitForAsync(result, Timeout.InfiniteTimeSpan).WaitAsync(Never)).Should().ThrowAsync<ReadModelLateException>())
            .WithMessage("*storage failed. The event is stored*").WithInnerException<StorageFailedException>();
        faults.BeforeCommit = _ => Task.CompletedTask;
        await UntilAsync(async () => await store.ReadModel(new Tallies()).GetPositionAsync() == 1, "goes on by itself");
    }

    /// <summary>What is there when the time is up is not late, although the last look was before it came.</summary>
    [Fact]
    public async Task Wait_whose_last_look_is_overtaken_by_the_event_and_by_the_time_looks_once_more()
    {
        var clock = new VirtualClock();
        var (store, faults) = OpenFaulty(clock);
        var other = new EventStore(Open(clock), Tallied.Types);
        await using var _ = other;
        await using (var first = other.StartProjections(NoRetries, new Tallies())) await first.CatchUpAsync();
        var appended = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        var isOvertaken = 0;
        faults.AfterRead = async model =>
        {
            if (model != "$runs" || Interlocked.Exchange(ref isOvertaken, 1) == 1) return;
            await using (var running = other.StartProjections(NoRetries, new Tallies())) await running.WaitForAsync(appended);
            clock.Advance(TimeSpan.FromMinutes(1));
        };

        var wait = store.ReadModel(new Tallies()).WaitForAsync(appended, TimeSpan.FromSeconds(1));
        await UntilAsync(clock, TimeSpan.FromSeconds(1), () => Task.FromResult(wait.IsCompleted), "ends");

        await wait;
        isOvertaken.Should().Be(1);
    }

    [Fact]
    public async Task Wait_when_stopped_throws_that_it_is()
    {
        var store = OpenStore();
        var running = store.StartProjections(NoRetries, new Tallies());
        var wait = running.WaitForAsync(5, Timeout.InfiniteTimeSpan);
        await running.DisposeAsync();
        await FluentActions.Awaiting(() => wait.WaitAsync(Never)).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task Subscribe_at_random_positions_while_events_come_hands_out_the_log()
    {
        var store = OpenStore();
        const int Events = 400;
        var appending = Task.Run(async () =>
        {
            for (var i = 0; i < Events; i++) await store.AppendAsync($"s-{i % 3}", ExpectedVersion.Any, [i % 4 == 0 ? new Noted(i) : Tallied.For("a")]);
        });
        var noted = EventQuery.OfTypes("noted");
        await Task.WhenAll(Enumerable.Range(0, 6).Select(n => Task.Run(async () =>
        {
            var random = new Random(n);
            var filter = n % 2 == 0 ? EventQuery.All : noted;
            var seen = new List<long>();
            var after = 0L;
            while (after < Events)
            {
                // Now and then the reader ends its subscription, and begins another one where it was.
                var subscription = store.Subscribe(StartFrom.After(after), filter);
                using var cancel = new CancellationTokenSource();
                try
                {
                    var left = random.Next(1, 60);
                    await foreach (var e in subscription.WithCancellation(cancel.Token))
                    {
                        subscription.Position.Should().BeLessThan(e.Position, "the event is not handled yet");
                        seen.Add(e.Position);
                        if (e.Position >= (n % 2 == 0 ? Events : Events - 3) || --left == 0) break;
                    }
                }
                finally
                {
                    await cancel.CancelAsync();
                }

                after = seen[^1];
                if (after >= Events - 3 && n % 2 == 1) break;
            }

            seen.Should().Equal(Enumerable.Range(1, Events).Where(position => n % 2 == 0 || (position - 1) % 4 == 0).Select(position => (long)position));
        }))).WaitAsync(Never);
        await appending.WaitAsync(Never);
    }

    [Fact]
    public async Task Subscribe_moves_on_past_what_the_filter_leaves_out_and_ends_when_cancelled()
    {
        var store = OpenStore();
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Ignored(1), new Ignored(2)]);
        var subscription = store.Subscribe(filter: EventQuery.OfTypes("noted"));
        using var cancel = new CancellationTokenSource();
        var following = Task.Run(async () =>
        {
            await foreach (var _ in subscription.WithCancellation(cancel.Token)) throw new InvalidOperationException("Nothing matches.");
        });
        await UntilAsync(() => Task.FromResult(subscription is { Position: 2, IsCaughtUp: true }), "past all");
        await cancel.CancelAsync();
        await FluentActions.Awaiting(() => following.WaitAsync(Never)).Should().ThrowAsync<OperationCanceledException>();
        await FluentActions.Awaiting(() => subscription.GetAsyncEnumerator().MoveNextAsync().AsTask()).Should().ThrowAsync<InvalidOperationException>();
    }

    [Fact]
    public async Task Subscribe_is_caught_up_with_the_last_event_and_not_before()
    {
        var store = OpenStore();
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Noted(1), new Noted(2)]);
        var subscription = store.Subscribe();
        var caughtUp = new List<bool>();
        using var patience = new CancellationTokenSource(Never);
        await foreach (var e in subscription.WithCancellation(patience.Token))
        {
            caughtUp.Add(subscription.IsCaughtUp);
            if (e.Position == 2) await store.AppendAsync("s-1", ExpectedVersion.Any, [new Noted(3), new Noted(4)]);
            if (e.Position == 4) break;
        }

        caughtUp.Should().Equal(false, true, false, true);
    }

    [Fact]
    public async Task Catch_up_waits_for_what_is_being_retried_and_not_for_what_is_parked()
    {
        var store = OpenStore();
        var failures = 0;
        var projection = new Tallies((_, position) => position == 2 || (position == 1 && Interlocked.Increment(ref failures) <= 2));
        foreach (var key in new[] { "a", "b", "c" }) await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For(key)]);
        await using var running = store.StartProjections(NoRetries with { RetryDelays = [TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(20)] }, projection);
        await running.CatchUpAsync(Never);
        (await store.ReadModel(projection).FindAsync("a"))!.Applied.Should().Equal(1);
        (await store.ProjectionAdmin().GetParkedAsync("tallies")).Single().Position.Should().Be(2);
        (await store.ReadModel(projection).FindAsync("b")).Should().BeNull();
    }

    [Fact]
    public async Task Wait_for_an_event_that_is_being_retried_ends_when_the_projection_is_stopped()
    {
        var store = OpenStore();
        var running = store.StartProjections(NoRetries with { RetryDelays = [TimeSpan.FromHours(1)] }, new Tallies((_, _) => true));
        var appended = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilAsync(async () => (await store.ProjectionAdmin().GetParkedAsync("tallies")).Count == 1, "held back");
        var wait = running.WaitForAsync(appended, Timeout.InfiniteTimeSpan);
        await Task.WhenAll(running.DisposeAsync().AsTask(), running.DisposeAsync().AsTask());
        await FluentActions.Awaiting(() => wait.WaitAsync(Never)).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task Project_as_of_a_version_is_refused()
    {
        var store = OpenStore();
        await FluentActions.Awaiting(() => store.ProjectAsync(new Tallies(), asOf: AsOf.Version(1))).Should().ThrowAsync<ArgumentException>();
    }

    [Fact]
    public async Task Rebuild_a_document_of_what_was_never_started_is_refused()
    {
        var store = OpenStore();
        await FluentActions.Awaiting(() => store.ProjectionAdmin().RebuildDocumentAsync("talies", "a")).Should().ThrowAsync<ArgumentException>();
    }
}
