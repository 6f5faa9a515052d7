namespace EventSourcing.Tests.Projections;

/// <summary>One that has failed can be started again here, and each delivery can have a reactor of its own.</summary>
public abstract class StartAgainTests(IStorageSource source) : EngineTests(source)
{
    private static readonly ProjectionOptions Stopping = new() { RetryDelays = [], OnFailure = FailureMode.Stop };

    [Fact]
    public async Task Start_one_again_that_has_failed_goes_on_where_it_was_and_leaves_the_others_alone()
    {
        var store = OpenStore();
        var isBroken = true;
        var broken = new Tallies((_, position) => isBroken && position == 2, "broken");
        await using var running = store.StartProjections(Stopping, broken, new Tallies(fails: null, "sound"));
        running.Names.Should().Equal("broken", "sound");
        for (var i = 0; i < 3; i++) await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        var failed = running.CompletionOf("broken");
        (await FluentActions.Awaiting(() => failed).Should().ThrowAsync<ProjectionFailedException>()).Which.Position.Should().Be(2);
        running.StartAgain("sound").Should().BeFalse("it has not failed");
        isBroken = false;
        running.StartAgain("broken").Should().BeTrue();
        running.CompletionOf("broken").Should().NotBeSameAs(failed);
        await UntilAsync(async () => await store.ReadModel(broken).GetPositionAsync() == 3, "level");
        await ShouldBeFoldAsync(store, broken);
        FluentActions.Invoking(() => running.StartAgain("nobody")).Should().Throw<ArgumentException>().WithMessage("*'nobody'*broken, sound*");
        await running.DisposeAsync();
        running.StartAgain("broken").Should().BeFalse();
    }

    [Fact]
    public async Task Start_one_again_that_was_stopped_by_an_order_leaves_it_stopped()
    {
        var store = OpenStore();
        var broken = new Tallies((_, _) => true, "broken");
        await using var running = store.StartProjections(Stopping, broken);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await FluentActions.Awaiting(() => running.CompletionOf("broken")).Should().ThrowAsync<ProjectionFailedException>();
        await store.ProjectionAdmin().StopAsync("broken");
        running.StartAgain("broken").Should().BeTrue();
        await UntilAsync(async () => (await running.GetStatusAsync())[0].State == ProjectionState.Stopped, "it is stopped");
        running.CompletionOf("broken").IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task Deliver_with_scopes_has_another_reactor_for_each_delivery_and_disposes_what_came_with_it()
    {
        var store = OpenStore();
        var (handled, ended) = (0, 0);
        var options = ProjectionOptions.ForReactors with
        {
            DeliveryScopes = _ => new DeliveryScope(
                new Reacts((_, _) => Task.FromResult(Interlocked.Increment(ref handled))), new Ending(() => Interlocked.Increment(ref ended))),
        };
        await using var running = await store.StartReactorsAsync(options, new Reacts((_, _) => throw new InvalidOperationException("This one only says what it handles.")));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await running.WaitForAsync(await store.AppendAsync("s-2", ExpectedVersion.Any, [Tallied.For("a")]));
        (handled, ended).Should().Be((2, 2));
    }

    [Fact]
    public async Task Deliver_with_a_scope_that_fails_or_has_another_class_parks_the_event_and_disposes_all_the_same()
    {
        var store = OpenStore();
        var ended = 0;
        var options = ProjectionOptions.ForReactors with
        {
            RetryDelays = [],
            DeliveryScopes = _ => new DeliveryScope(new Other(), new Ending(() => Interlocked.Increment(ref ended))),
        };
        await using var running = await store.StartReactorsAsync(options, new Reacts((_, _) => Task.CompletedTask));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilParkedAsync(store, "reacts", 1);
        (await store.ProjectionAdmin().GetParkedAsync("reacts")).Single().Error.Should().Contain("Give one of the same class");
        ended.Should().Be(1);
    }

    private sealed class Ending(Action end) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            end();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Other : Reactor
    {
        public Other() => On<Tallied>((_, _, _) => Task.CompletedTask);

        public override StartFrom Start => StartFrom.Beginning;
    }
}
