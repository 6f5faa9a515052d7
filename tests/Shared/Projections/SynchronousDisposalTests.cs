namespace EventSourcing.Tests.Projections;

/// <summary>What a container does that is disposed synchronously.</summary>
public abstract class SynchronousDisposalTests(IStorageSource source) : EngineTests(source)
{
    [Fact]
    public async Task Dispose_synchronously_stops_what_runs_on_the_store_and_closes_it()
    {
        var store = OpenStore();
        var handled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = await store.StartReactorsAsync(NoRetries, new Reacts((_, _) =>
        {
            handled.TrySetResult();
            return Task.CompletedTask;
        }));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await handled.Task.WaitAsync(Never);

        store.Dispose();

        await running.Completion.WaitAsync(Never);
        await FluentActions.Awaiting(() => store.GetHeadAsync()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task Dispose_in_both_ways_at_once_is_done_once()
    {
        var store = OpenStore();
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);

        await Task.WhenAll(
            Task.Run(store.Dispose), store.DisposeAsync().AsTask(), Task.Run(store.Dispose), Task.Run(async () => await store.DisposeAsync())).WaitAsync(Never);

        store.Dispose();
        await store.DisposeAsync();
        await FluentActions.Awaiting(() => store.GetHeadAsync()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Dispose_synchronously_from_within_a_handler_is_refused_and_stops_nothing()
    {
        var store = OpenStore();
        var refused = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = await store.StartReactorsAsync(NoRetries, new Reacts((_, _) =>
        {
            refused.TrySetResult(Record.Exception(store.Dispose));
            return Task.CompletedTask;
        }));
        var appended = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);

        (await refused.Task.WaitAsync(Never)).Should().BeOfType<InvalidOperationException>();
        await running.WaitForAsync(appended, Never);
        (await store.GetHeadAsync()).Should().Be(1);
    }
}
