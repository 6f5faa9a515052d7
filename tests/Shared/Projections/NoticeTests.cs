using System.Collections.Concurrent;

namespace EventSourcing.Tests.Projections;

/// <summary>What projections and reactors do by themselves is told once, when it has taken effect.</summary>
public abstract class NoticeTests(IStorageSource source) : EngineTests(source)
{
    private readonly ConcurrentQueue<StoreNotice> _notices = [];

    [Fact]
    public async Task Fail_again_and_again_tells_each_try_then_the_parking_then_the_release()
    {
        var store = OpenWatched();
        var isMended = false;
        var projection = new Tallies((key, position) => !isMended && key == "a" && position == 2);
        var retries = new ProjectionOptions { RetryDelays = [TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1)] };
        await using var running = store.StartProjections(retries, projection);
        for (var i = 0; i < 3; i++) await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilParkedAsync(store, "tallies", 1);
        isMended = true;
        await store.ProjectionAdmin().ResumeAllAsync("tallies");
        await UntilAsync(() => Told(StoreNoticeKind.Released), "is released");
        _notices.Select(notice => notice.Kind).Should().Equal(
            StoreNoticeKind.Started, StoreNoticeKind.Retrying, StoreNoticeKind.Retrying, StoreNoticeKind.Parked, StoreNoticeKind.Released);
        _notices.Where(notice => notice.Attempts > 0).Select(notice => notice.Attempts).Should().Equal(1, 2, 3);
        Only(StoreNoticeKind.Parked).Should().BeEquivalentTo(new
        {
            Store = "watched",
            Subject = "tallies",
            Partition = "a",
            Position = 2L,
            RetryAt = (DateTimeOffset?)null,
            Reason = typeof(InvalidOperationException).FullName,
        });
    }

    [Fact]
    public async Task Fail_and_stop_tells_the_tries_and_the_end_with_the_type_of_the_apps_own_error()
    {
        var store = OpenWatched();
        var options = new ProjectionOptions { RetryDelays = [TimeSpan.FromMilliseconds(1)], OnFailure = FailureMode.Stop };
        await using var running = store.StartProjections(options, new Tallies((_, _) => true));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await FluentActions.Awaiting(() => running.Completion).Should().ThrowAsync<ProjectionFailedException>();
        _notices.Select(notice => notice.Kind).Should().Equal(StoreNoticeKind.Started, StoreNoticeKind.Retrying, StoreNoticeKind.Failed);
        Only(StoreNoticeKind.Failed).Should().BeEquivalentTo(new { Subject = "tallies", Position = 1L, Reason = typeof(InvalidOperationException).FullName });
    }

    [Fact]
    public async Task Fail_of_the_storage_tells_each_try_and_the_recovery()
    {
        var faults = new FaultPoints(Open());
        var store = Watched(faults);
        await using var running = store.StartProjections(NoRetries, new Tallies());
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        faults.BeforeCommit = _ => throw FaultPoints.Failure(outcomeIsUnknown: false);
        var appended = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilAsync(() => Told(StoreNoticeKind.StorageFailed), "the storage fails");
        faults.BeforeCommit = _ => Task.CompletedTask;
        await UntilAsync(() => Told(StoreNoticeKind.StorageRecovered), "it goes on");
        await running.WaitForAsync(appended);
        _notices.First(notice => notice.Kind == StoreNoticeKind.StorageFailed).Should().BeEquivalentTo(new { Attempts = 1, Subject = "tallies" });
        _notices.Count(notice => notice.Kind == StoreNoticeKind.StorageRecovered).Should().Be(1);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Die_without_a_word_lets_another_tell_whom_it_took_over_from()
    {
        var (dead, faults) = OpenFaulty();
        var running = dead.StartProjections(NoRetries, new Tallies());
        await running.WaitForAsync(await dead.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        faults.Die();
        var store = OpenWatched();
        await using var other = store.StartProjections(NoRetries, new Tallies());
        await other.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        _notices.Select(notice => notice.Kind).Should().Equal(StoreNoticeKind.TakenOver);
        Only(StoreNoticeKind.TakenOver).Should().BeEquivalentTo(
            new { Subject = "tallies", Position = 1L, Machine = Environment.MachineName, Environment.ProcessId });
        await running.DisposeAsync();
    }

    [Fact]
    public async Task Rebuild_stop_and_start_again_are_told()
    {
        var store = OpenWatched();
        await using var running = store.StartProjections(NoRetries, new Tallies());
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        await running.RebuildAsync("tallies");
        await store.ProjectionAdmin().StopAsync("tallies");
        await UntilAsync(() => Told(StoreNoticeKind.Stopped), "it is stopped");
        _notices.Select(notice => notice.Kind).Should().Equal(
            StoreNoticeKind.Started, StoreNoticeKind.RebuildStarted, StoreNoticeKind.Started, StoreNoticeKind.Rebuilt, StoreNoticeKind.Stopped);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Stop_over_a_handler_that_does_not_end_tells_that_it_was_given_up()
    {
        var store = OpenWatched();
        var within = new TaskCompletionSource();
        var never = new TaskCompletionSource();
        var options = ProjectionOptions.ForReactors with { StopTimeout = TimeSpan.FromMilliseconds(50) };
        var running = await store.StartReactorsAsync(options, new Reacts((_, _) =>
        {
            within.SetResult();
            return never.Task;
        }));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await within.Task.WaitAsync(Never);
        await running.DisposeAsync();
        Only(StoreNoticeKind.HandlerAbandoned).Should().BeEquivalentTo(new { Subject = "reacts", Position = 1L });
        _notices.Should().NotContain(notice => notice.Kind == StoreNoticeKind.Failed);
        never.SetResult();
    }

    private Task<bool> Told(StoreNoticeKind kind) => Task.FromResult(_notices.Any(notice => notice.Kind == kind));

    private StoreNotice Only(StoreNoticeKind kind) => _notices.Should().ContainSingle(notice => notice.Kind == kind).Subject;

    private EventStore OpenWatched() => Watched(Open());

    private EventStore Watched(IEventStorage storage) =>
        new(storage, Tallied.Types, new EventStoreOptions { Name = "watched", Notices = _notices.Enqueue });
}
