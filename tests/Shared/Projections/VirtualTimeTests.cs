namespace EventSourcing.Tests.Projections;

/// <summary>Every wait of projections goes by the storage's clock: what is due comes neither earlier nor later than the clock says.</summary>
public abstract class VirtualTimeTests(IStorageSource source) : EngineTests(source)
{
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private static readonly ProjectionOptions LongLease = NoRetries with { LeaseDuration = TimeSpan.FromDays(7) };

    [Fact]
    public async Task Fail_again_and_again_is_tried_when_the_clock_says_so_and_then_parked()
    {
        var clock = new VirtualClock();
        var store = OpenStore(clock);
        var attempts = 0;
        var projection = new Tallies((_, _) => Interlocked.Increment(ref attempts) > 0);
        TimeSpan[] delays = [TimeSpan.FromMinutes(10), TimeSpan.FromHours(5)];
        await using var running = store.StartProjections(LongLease with { RetryDelays = delays }, projection);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        foreach (var (delay, i) in delays.Select((delay, i) => (delay, i)))
        {
            await UntilAsync(() => Task.FromResult(clock.IsAwaitedIn(delay)), $"waits for try {i + 2}");
            Volatile.Read(ref attempts).Should().Be(i + 1);
            (await store.ProjectionAdmin().GetParkedAsync("tallies")).Single().RetryAt.Should().Be(clock.GetUtcNow() + delay, "the status says when it comes true");
            clock.Advance(delay - Tick);
            clock.IsAwaitedIn(Tick).Should().BeTrue("it is not due yet");
            Volatile.Read(ref attempts).Should().Be(i + 1);
            clock.Advance(Tick);
        }

        await UntilParkedAsync(store, "tallies", 1);
        attempts.Should().Be(3);
        (await store.ProjectionAdmin().GetParkedAsync("tallies")).Single().Attempts.Should().Be(3);
    }

    [Fact]
    public async Task Fail_in_stop_mode_is_tried_when_the_clock_says_so_and_then_stops()
    {
        var clock = new VirtualClock();
        var store = OpenStore(clock);
        var attempts = 0;
        var delay = TimeSpan.FromHours(3);
        var projection = new Tallies((_, _) => Interlocked.Increment(ref attempts) > 0);
        await using var running = store.StartProjections(LongLease with { RetryDelays = [delay], OnFailure = FailureMode.Stop }, projection);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilAsync(() => Task.FromResult(clock.IsAwaitedIn(delay)), "waits");
        clock.Advance(delay - Tick);
        clock.IsAwaitedIn(Tick).Should().BeTrue();
        Volatile.Read(ref attempts).Should().Be(1);
        (await running.GetStatusAsync()).Single().State.Should().Be(ProjectionState.Retrying);
        clock.Advance(Tick);
        await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ProjectionFailedException>();
        attempts.Should().Be(2);
    }

    [Fact]
    public async Task Fail_of_the_storage_is_tried_again_after_pauses_that_double()
    {
        var clock = new VirtualClock();
        var (store, faults) = OpenFaulty(clock);
        var projection = new Tallies();
        await using var running = store.StartProjections(LongLease, projection);
        await running.CatchUpAsync().WaitAsync(Never);
        var tries = 0;
        faults.BeforeCommit = commit =>
        {
            if (commit.Changes.All(change => change.Model != "tallies@1")) return Task.CompletedTask;
            Interlocked.Increment(ref tries);
            throw FaultPoints.Failure(outcomeIsUnknown: false);
        };
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        int[] pauses = [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000];
        foreach (var (pause, i) in pauses.Select((pause, i) => (TimeSpan.FromMilliseconds(pause), i)))
        {
            await UntilAsync(() => Task.FromResult(Volatile.Read(ref tries) == i + 1 && clock.IsAwaitedIn(pause)), $"pauses {pause} after try {i + 1}");
            clock.Advance(pause - Tick);
            Volatile.Read(ref tries).Should().Be(i + 1);
            clock.Advance(Tick);
        }

        await UntilAsync(() => Task.FromResult(Volatile.Read(ref tries) == pauses.Length + 1), "is tried once more");
        faults.BeforeCommit = _ => Task.CompletedTask;
        await UntilAsync(clock, TimeSpan.FromSeconds(1), async () => await store.ReadModel(projection).GetPositionAsync() == 1, "goes on by itself");
        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public async Task Silence_of_an_owner_with_work_to_do_counts_by_the_clock_and_not_before_a_lease_is_over()
    {
        var clock = new VirtualClock();
        var (silent, faults) = OpenFaulty(clock);
        var awake = OpenStore(clock);
        var projection = new Tallies();
        var options = NoRetries with { LeaseDuration = TimeSpan.FromMinutes(1) };

        // Before the owner looks: it would learn of another storage's append by polling, and the clock stands still.
        var appended = await awake.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        var owner = silent.StartProjections(options, projection);
        await owner.WaitForAsync(appended).WaitAsync(Never);
        await using var other = awake.StartProjections(options, projection);
        await UntilAsync(async () => (await other.GetStatusAsync())[0].State == ProjectionState.Standby, "stands by");
        faults.Die();
        var silentSince = clock.GetUtcNow();
        await awake.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilAsync(clock, TimeSpan.FromSeconds(1), async () => await awake.ReadModel(projection).GetPositionAsync() == 2, "has taken over");
        (clock.GetUtcNow() - silentSince).Should().BeGreaterThanOrEqualTo(options.LeaseDuration);
        await ShouldBeFoldAsync(awake, projection);
        await owner.DisposeAsync();
    }

    [Fact]
    public async Task Go_back_to_an_old_inline_version_builds_it_again_after_the_new_one_is_gone()
    {
        var clock = new VirtualClock();
        var (one, two) = (new Tallies(), new Tallies(null, version: 2));
        await OpenInline(one, clock).AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]).WaitAsync(Never);
        await OpenInline(two, clock).AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]).WaitAsync(Never);
        var back = OpenInline(one, clock);
        var append = back.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilAsync(clock, TimeSpan.FromSeconds(1), () => Task.FromResult(append.IsCompleted), "has the old version back");
        (await append).Position.Should().Be(3);
        clock.GetElapsedTime(0).Should().BeGreaterThanOrEqualTo(new ProjectionOptions().LeaseDuration);
        await ShouldBeFoldAsync(back, one);
    }

    [Fact]
    public async Task Wait_with_a_timeout_is_late_when_the_clock_says_so()
    {
        var clock = new VirtualClock();
        var store = OpenStore(clock);
        await using var running = store.StartProjections(LongLease, new Tallies());
        await running.CatchUpAsync().WaitAsync(Never);
        var wait = running.WaitForAsync(7, TimeSpan.FromHours(1));
        clock.Advance(TimeSpan.FromMinutes(59));
        wait.IsCompleted.Should().BeFalse();
        await UntilAsync(clock, TimeSpan.FromSeconds(1), () => Task.FromResult(wait.IsCompleted), "is late");
        await FluentActions.Awaiting(() => wait).Should().ThrowAsync<ReadModelLateException>();
        clock.GetElapsedTime(0).Should().BeGreaterThanOrEqualTo(TimeSpan.FromHours(1));
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Dispose_ends_although_the_clock_stands_still_and_a_handler_ignores_its_token()
    {
        var store = OpenStore(new VirtualClock());
        var (entered, leave) = (new TaskCompletionSource(), new TaskCompletionSource());
        var options = LongLease with { StopTimeout = TimeSpan.FromMilliseconds(50) };
        var running = await store.StartReactorsAsync(options, new Stubborn(async () =>
        {
            entered.TrySetResult();
            await leave.Task;
        }));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await entered.Task.WaitAsync(Never);
        await running.DisposeAsync().AsTask().WaitAsync(Never);
        running.Abandoned.Should().ContainSingle();
        leave.SetResult();
    }

    private sealed class Stubborn : Reactor
    {
        public Stubborn(Func<Task> react) => On<Tallied>((_, _, _) => react());

        public override string Name => "stubborn";

        public override StartFrom Start => StartFrom.Beginning;
    }
}
