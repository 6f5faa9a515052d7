namespace EventSourcing.Tests.Projections;

/// <summary>
/// An app that has awaited what it was given, or only disposes it, is not told of errors that nobody has looked at: what fails in the
/// background is told by the status, by waits, by notices, and by <see cref="RunningSubscribers.Completion"/>.
/// </summary>
public abstract class UnobservedErrorTests(IStorageSource source) : EngineTests(source)
{
    private static readonly ProjectionOptions StopsAtOnce = NoRetries with { OnFailure = FailureMode.Stop };
    private readonly string _mark = Unobserved.NewMark();

    [Fact]
    public async Task Lose_a_failed_task_is_told()
    {
        var mark = _mark;
        (await Unobserved.AfterAsync(mark, () =>
        {
            Task.FromException(new InvalidOperationException(mark));
            return Task.CompletedTask;
        })).Should().ContainSingle("these tests would see it");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Fail_of_two_projections_leaves_nothing_unobserved(bool isAwaited) => ShouldLeaveNothingAsync(async store =>
    {
        var running = store.StartProjections(StopsAtOnce, Failing("one"), Failing("two"), new Tallies(null, "third"));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilFailedAsync(running, 2);
        if (isAwaited)
        {
            await ShouldFailAsync<ProjectionFailedException>(() => running.Completion);
            await ShouldFailAsync<ProjectionFailedException>(() => running.WaitForAsync(1, Never));
        }

        await running.DisposeAsync();
        await store.DisposeAsync();
    });

    [Fact]
    public Task Fail_of_a_projection_before_it_is_placed_leaves_nothing_unobserved() => ShouldLeaveNothingAsync(
        async (store, faults) =>
        {
            faults.BeforeRead = (model, _) => model == "$projections" ? throw new NotSupportedException(_mark) : Task.CompletedTask;
            var running = store.StartProjections(StopsAtOnce, new Tallies(), new Tallies(null, "other"));
            await UntilFailedAsync(running, 2);
            faults.BeforeRead = (_, _) => Task.CompletedTask;
            await store.DisposeAsync();
        });

    [Fact]
    public Task Start_reactors_that_cannot_be_placed_leaves_nothing_unobserved() => ShouldLeaveNothingAsync(async (store, faults) =>
    {
        faults.BeforeCommit = _ => throw new NotSupportedException(_mark);
        await ShouldFailAsync<NotSupportedException>(() => store.StartReactorsAsync(StopsAtOnce, new Reacts((_, _) => Task.CompletedTask)));
        faults.BeforeCommit = _ => Task.CompletedTask;
        await store.DisposeAsync();
    });

    [Fact]
    public Task Fail_of_a_reactor_leaves_nothing_unobserved() => ShouldLeaveNothingAsync(async store =>
    {
        var running = await store.StartReactorsAsync(StopsAtOnce, new Reacts((_, _) => throw new InvalidOperationException(_mark)));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilFailedAsync(running, 1);
        await running.DisposeAsync();
        await store.DisposeAsync();
    });

    [Fact]
    public Task Fail_after_a_wait_was_cancelled_leaves_nothing_unobserved() => ShouldLeaveNothingAsync(async store =>
    {
        var running = store.StartProjections(StopsAtOnce, Failing("one"), Failing("two"));
        using var cancel = new CancellationTokenSource();
        var wait = running.WaitForAsync(1, Never, cancel.Token);
        await cancel.CancelAsync();
        await ShouldFailAsync<OperationCanceledException>(() => wait);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilFailedAsync(running, 2);
        await store.DisposeAsync();
    });

    [Fact]
    public Task Dispose_while_waits_for_several_are_open_leaves_nothing_unobserved() => ShouldLeaveNothingAsync(async store =>
    {
        var all = Enumerable.Range(0, 8).Select(i => new Tallies(null, $"{_mark}-{i}")).ToArray();
        var running = store.StartProjections(StopsAtOnce, all);
        var waits = Enumerable.Range(0, 8).Select(_ => running.WaitForAsync(100, Never)).ToList();
        await running.DisposeAsync();
        foreach (var wait in waits) await ShouldFailAsync<ObjectDisposedException>(() => wait);
        await store.DisposeAsync();
    });

    [Fact]
    public Task Dispose_while_the_storage_fails_leaves_nothing_unobserved() => ShouldLeaveNothingAsync(async (store, faults) =>
    {
        var running = store.StartProjections(StopsAtOnce, new Tallies(), new Tallies(null, "other"));
        await running.CatchUpAsync();
        faults.BeforeCommit = _ => throw new NotSupportedException(_mark);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilFailedAsync(running, 2);
        try
        {
            await running.DisposeAsync();
        }
        catch (NotSupportedException)
        {
            // What tidies up fails too, and that is told.
        }
    });

    [Fact]
    public Task Fail_of_a_handler_that_was_given_up_leaves_nothing_unobserved() => ShouldLeaveNothingAsync(async store =>
    {
        var (entered, leave, left) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        var running = await store.StartReactorsAsync(
            StopsAtOnce with { StopTimeout = TimeSpan.FromMilliseconds(50) },
            new Reacts(async (_, _) =>
            {
                entered.TrySetResult();
                await leave.Task;
                left.SetResult();
                throw new InvalidOperationException(_mark);
            }));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await entered.Task.WaitAsync(Never);
        await running.DisposeAsync();
        running.Abandoned.Should().ContainSingle();
        leave.SetResult();
        await left.Task.WaitAsync(Never);
        await Task.Delay(50);
        await store.DisposeAsync();
    });

    [Fact]
    public Task Dispose_while_what_the_app_registered_with_a_token_throws_leaves_nothing_unobserved() => ShouldLeaveNothingAsync(async store =>
    {
        var entered = new TaskCompletionSource();
        var running = await store.StartReactorsAsync(StopsAtOnce, new Reacts(async (_, token) =>
        {
            token.Register(() => throw new InvalidOperationException(_mark));
            entered.TrySetResult();
            await Task.Delay(Timeout.Infinite, token);
        }));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await entered.Task.WaitAsync(Never);
        await running.DisposeAsync();
        await store.DisposeAsync();
    });

    [Fact]
    public Task Cancel_an_append_that_waits_for_inline_projections_which_then_fail_leaves_nothing_unobserved() =>
        ShouldLeaveNothingAsync(async () =>
        {
            var (reached, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
            var faults = new FaultPoints(Open())
            {
                BeforeCommit = async _ =>
                {
                    reached.TrySetResult();
                    await goOn.Task;
                    throw new NotSupportedException(_mark);
                },
            };
            var store = new EventStore(faults, Tallied.Types, new EventStoreOptions().WithInlineProjections(new Tallies()));
            using var cancel = new CancellationTokenSource();
            var append = store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")], cancellationToken: cancel.Token);
            await reached.Task.WaitAsync(Never);
            await cancel.CancelAsync();
            await ShouldFailAsync<OperationCanceledException>(() => append);
            goOn.SetResult();
            await ShouldFailAsync<NotSupportedException>(() => store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        });

    private static async Task ShouldFailAsync<TError>(Func<Task> act)
        where TError : Exception =>
        await FluentActions.Awaiting(() => act().WaitAsync(Never)).Should().ThrowAsync<TError>();

    /// <summary>Looks whether they have failed, and not at what they failed with.</summary>
    private static Task UntilFailedAsync(RunningSubscribers running, int count) => UntilAsync(
        () => Task.FromResult(running.Names.Count(name => running.CompletionOf(name).IsFaulted) == count), "failed");

    private Tallies Failing(string name) =>
        new(null, name) { Applying = _ => throw new InvalidOperationException(_mark) };

    private Task ShouldLeaveNothingAsync(Func<EventStore, Task> run) => ShouldLeaveNothingAsync(() => run(OpenStore()));

    private Task ShouldLeaveNothingAsync(Func<EventStore, FaultPoints, Task> run) => ShouldLeaveNothingAsync(() =>
    {
        var (store, faults) = OpenFaulty();
        return run(store, faults);
    });

    private async Task ShouldLeaveNothingAsync(Func<Task> run) => (await Unobserved.AfterAsync(_mark, run)).Should().BeEmpty();
}
