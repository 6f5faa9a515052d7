namespace EventSourcing.Tests.Projections;

/// <summary>
/// The storage fails when something is started for the first time, as on a full disk: whoever waits is told that at once, and once the
/// storage has recovered, what was started goes on by itself.
/// </summary>
public abstract class FirstStartTests(IStorageSource source) : EngineTests(source)
{
    /// <summary>Which commits fail: that which makes the read model and its tables, that which takes the lease, and that of the events.</summary>
    public static TheoryData<string> Commits { get; } = ["$projections", "$hosts", "tallies@1"];

    [Theory]
    [MemberData(nameof(Commits))]
    public async Task Catch_up_throws_that_at_once_and_succeeds_later(string failing)
    {
        var (store, faults) = OpenFaulty();
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        FailCommitsOf(faults, failing);
        await using var running = store.StartProjections(NoRetries, new Tallies());

        await ShouldFailAsync(() => running.CatchUpAsync(Timeout.InfiniteTimeSpan));
        (await FluentActions.Awaiting(() => running.WaitForAsync(1, Timeout.InfiniteTimeSpan).WaitAsync(Never)).Should().ThrowAsync<ReadModelLateException>())
            .WithMessage("*It was to fail here.").WithInnerException<StorageFailedException>();
        (await running.GetStatusAsync())[0].LastError.Should().BeOfType<StorageFailedException>();

        faults.BeforeCommit = _ => Task.CompletedTask;
        await UntilAsync(async () => await store.ReadModel(new Tallies()).GetPositionAsync() == 1, "goes on by itself");
        await running.CatchUpAsync(Never);
        await ShouldBeFoldAsync(store, new Tallies());
    }

    [Theory]
    [InlineData("$projections")]
    [InlineData("$runs")]
    [InlineData("tallies@2")]
    public async Task Catch_up_with_a_new_version_throws_that_at_once_and_succeeds_later(string failing)
    {
        var (store, faults) = OpenFaulty();
        await using (var before = store.StartProjections(NoRetries, new Tallies()))
            await before.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        FailCommitsOf(faults, failing);
        var changed = new Tallies(null, version: 2);
        await using var running = store.StartProjections(NoRetries, changed);

        await ShouldFailAsync(() => running.CatchUpAsync(Timeout.InfiniteTimeSpan));

        faults.BeforeCommit = _ => Task.CompletedTask;
        await UntilAsync(async () => (await running.GetStatusAsync())[0] is { Rebuild: null, LastError: null }, "goes on by itself");
        await running.CatchUpAsync(Never);
        await ShouldBeFoldAsync(store, changed);
    }

    [Fact]
    public async Task Rebuild_throws_that_at_once_and_succeeds_later()
    {
        var (store, faults) = OpenFaulty();
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        FailCommitsOf(faults, "$projections");
        await using var running = store.StartProjections(NoRetries, new Tallies());

        await ShouldFailAsync(() => running.RebuildAsync("tallies"));

        faults.BeforeCommit = _ => Task.CompletedTask;
        await UntilAsync(async () => (await running.GetStatusAsync())[0].LastError is null, "goes on by itself");
        await running.RebuildAsync("tallies").WaitAsync(Never);
        await ShouldBeFoldAsync(store, new Tallies());
    }

    [Fact]
    public async Task Start_a_reactor_throws_that_at_once_and_succeeds_later()
    {
        var (store, faults) = OpenFaulty();
        var delivered = new List<long>();
        FailCommitsOf(faults, "$projections");

        await ShouldFailAsync(() => store.StartReactorsAsync(NoRetries, Reactor()));

        faults.BeforeCommit = _ => Task.CompletedTask;
        await using var running = await store.StartReactorsAsync(NoRetries, Reactor()).WaitAsync(Never);
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        lock (delivered) delivered.Should().Equal(1);

        Reacts Reactor() => new((delivery, _) =>
        {
            lock (delivered) delivered.Add(delivery.Event.Position);
            return Task.CompletedTask;
        });
    }

    [Theory]
    [MemberData(nameof(Commits))]
    public async Task Append_with_an_inline_projection_throws_that_at_once_and_succeeds_later(string failing)
    {
        await OpenStore().AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        var faults = new FaultPoints(Open());
        FailCommitsOf(faults, failing);
        var store = new EventStore(faults, Tallied.Types, new EventStoreOptions().WithInlineProjections(new Tallies()));

        await ShouldFailAsync(() => store.StartInlineProjectionsAsync());
        await ShouldFailAsync(() => store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        (await store.GetHeadAsync()).Should().Be(1);

        faults.BeforeCommit = _ => Task.CompletedTask;
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]).WaitAsync(Never);
        await ShouldBeFoldAsync(store, new Tallies());
    }

    /// <summary>Commits that create or change a read model fail for the time being.</summary>
    private static void FailCommitsOf(FaultPoints faults, string model) => faults.BeforeCommit = commit =>
        commit.Changes.Any(change => change.Model == model) ? throw FaultPoints.Failure(outcomeIsUnknown: false) : Task.CompletedTask;

    private static async Task ShouldFailAsync(Func<Task> act) =>
        (await FluentActions.Awaiting(() => act().WaitAsync(Never)).Should().ThrowAsync<StorageFailedException>())
            .Which.InnerException!.Message.Should().Be("It was to fail here.");
}
