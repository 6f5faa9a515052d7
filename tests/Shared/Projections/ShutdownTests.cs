using System.Diagnostics;

namespace EventSourcing.Tests.Projections;

/// <summary>Projections and reactors stop once and within a limit. Handlers cannot stop them, nor see the starter's context.</summary>
public abstract class ShutdownTests(IStorageSource source) : EngineTests(source)
{
    private static readonly ProjectionOptions AtOnce = NoRetries with { StopTimeout = TimeSpan.FromMilliseconds(50) };

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Dispose_while_a_handler_ignores_its_token_ends_says_so_and_stores_nothing_of_it()
    {
        var store = OpenStore();
        var (entered, leave) = (new TaskCompletionSource(), new TaskCompletionSource());
        var running = await store.StartReactorsAsync(AtOnce, new Reacts(async (_, _) =>
        {
            entered.TrySetResult();
            await leave.Task;
        }));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await entered.Task.WaitAsync(Never);
        var wait = running.WaitForAsync(1, Never);
        await Task.WhenAll(running.DisposeAsync().AsTask(), running.DisposeAsync().AsTask()).WaitAsync(Never);
        running.Abandoned.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Name = "reacts", Position = 1L });
        (await FluentActions.Awaiting(() => running.Completion).Should().ThrowAsync<HandlerAbandonedException>())
            .Which.Handlers.Should().Equal(running.Abandoned);
        await FluentActions.Awaiting(() => wait).Should().ThrowAsync<HandlerAbandonedException>();
        leave.SetResult();
        await Task.Delay(50);
        (await PositionAsync(store)).Should().Be(0, "what the handler returned late is not stored");

        // The next start does not depend on the abandoned handler: it goes on with the same event.
        var again = new List<long>();
        await using var next = await store.StartReactorsAsync(NoRetries, new Reacts((delivery, _) =>
        {
            lock (again) again.Add(delivery.Event.Position);
            return Task.CompletedTask;
        }));
        await next.WaitForAsync(1, Never);
        again.Should().Equal(1);
    }

    [Fact]
    public async Task Dispose_from_within_a_handler_is_refused_at_once()
    {
        var store = OpenStore();
        RunningReactors? running = null;
        var refused = new TaskCompletionSource<IReadOnlyList<Exception>>();
        var isStarted = new TaskCompletionSource();
        running = await store.StartReactorsAsync(NoRetries, new Reacts(async (_, _) =>
        {
            await isStarted.Task;
            refused.TrySetResult([await CaughtAsync(running!.DisposeAsync), await CaughtAsync(store.DisposeAsync)]);
        }));
        isStarted.SetResult();
        var appended = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        (await refused.Task.WaitAsync(Never)).Should().AllBeOfType<InvalidOperationException>()
            .And.AllSatisfy(error => error.Message.Should().Contain("a handler of 'reacts'").And.Contain("stop from outside"));
        await running.WaitForAsync(appended, Never);
        await running.DisposeAsync();
    }

    [Fact]
    public async Task Dispose_the_store_from_within_an_inline_projection_is_refused_and_nothing_is_written()
    {
        EventStore? store = null;
        Exception? refused = null;
        store = OpenInline(new Tallies { Applying = _ => refused = Assert.Throws<InvalidOperationException>(() => store!.DisposeAsync().AsTask().GetAwaiter()) });
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        refused!.Message.Should().Contain("an inline projection");
    }

    [Fact]
    public async Task Dispose_the_store_stops_what_runs_on_it_and_ends_waits_and_subscriptions()
    {
        var store = OpenStore();
        var running = store.StartProjections(NoRetries, new Tallies());
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        var wait = running.WaitForAsync(100, Never);
        var events = store.Subscribe(StartFrom.After(1)).GetAsyncEnumerator();
        var following = events.MoveNextAsync().AsTask();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => store.DisposeAsync().AsTask())).WaitAsync(Never);
        await running.Completion;
        await FluentActions.Awaiting(() => wait).Should().ThrowAsync<ObjectDisposedException>();
        await FluentActions.Awaiting(() => following).Should().ThrowAsync<ObjectDisposedException>();
        await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")])).Should().ThrowAsync<ObjectDisposedException>();
        FluentActions.Invoking(() => store.StartProjections(NoRetries, new Tallies())).Should().Throw<ObjectDisposedException>();
    }

    [Fact]
    public async Task Start_within_an_activity_and_async_locals_gives_handlers_neither()
    {
        var store = OpenStore();
        var local = new AsyncLocal<string?>();
        var seen = new List<(string? Local, Activity? Activity)>();
        void See()
        {
            lock (seen) seen.Add((local.Value, Activity.Current));
        }

        RunningProjections projections;
        RunningReactors reactors;
        using (var activity = new Activity("start").Start())
        {
            local.Value = "the starter's";
            projections = store.StartProjections(NoRetries, new Tallies { Applying = _ => See() });
            reactors = await store.StartReactorsAsync(NoRetries, new Reacts((_, _) =>
            {
                See();
                return Task.CompletedTask;
            }));
            var first = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
            await projections.WaitForAsync(first, Never);
            await reactors.WaitForAsync(first, Never);
        }

        seen.Should().HaveCountGreaterThanOrEqualTo(2).And.AllSatisfy(context => context.Should().Be((null, (Activity?)null)));
        await projections.DisposeAsync();
        await reactors.DisposeAsync();
    }

    private static async Task<Exception> CaughtAsync(Func<ValueTask> dispose)
    {
        try
        {
            await dispose();
            return new TimeoutException("It was not refused.");
        }
        catch (InvalidOperationException refused)
        {
            return refused;
        }
    }

    private static async Task<long> PositionAsync(EventStore store) =>
        (await store.ProjectionAdmin().GetStatusAsync()).Single(status => status.Name == "reacts").Position;
}
