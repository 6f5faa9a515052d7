using System.Text;

namespace EventSourcing.Tests.Projections;

/// <summary>Several hosts on one store: one runs, the others stand by, and who has lost a run can write nothing.</summary>
public abstract class HostTests(IStorageSource source) : EngineTests(source)
{
    [Fact]
    public async Task Run_two_hosts_one_stands_by_and_disposal_hands_over()
    {
        var (one, two) = (OpenStore(), OpenStore());
        var projection = new Tallies();
        var first = one.StartProjections(NoRetries with { LeaseDuration = TimeSpan.FromMinutes(5) }, projection);
        await first.WaitForAsync(await one.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        await using var second = two.StartProjections(NoRetries with { LeaseDuration = TimeSpan.FromMinutes(5) }, projection);
        await UntilAsync(async () => (await second.GetStatusAsync())[0].State == ProjectionState.Standby, "stands by");
        await second.WaitForAsync(await two.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        await first.DisposeAsync();
        await second.WaitForAsync(await two.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        (await second.GetStatusAsync())[0].State.Should().NotBe(ProjectionState.Standby);
        await ShouldBeFoldAsync(two, projection);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Suspend_the_owner_lets_another_take_over_and_what_it_writes_on_waking_is_refused()
    {
        var (asleep, faults) = OpenFaulty();
        var awake = OpenStore();
        var projection = new Tallies();
        var options = NoRetries;
        var suspended = asleep.StartProjections(options, projection);
        await suspended.WaitForAsync(await awake.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));

        // It has folded and is about to commit when it is suspended, with its signs of life.
        var waking = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isAsleep = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var refused = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        faults.BeforeCommit = commit =>
        {
            if (commit.Changes.Any(change => change.Model == "tallies@1")) isAsleep.TrySetResult();
            return waking.Task;
        };
        await awake.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await isAsleep.Task.WaitAsync(Never);
        await using var other = awake.StartProjections(options, projection);
        await other.WaitForAsync(await awake.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await ShouldBeFoldAsync(awake, projection);
        waking.SetResult();
        await UntilAsync(async () => (await suspended.GetStatusAsync())[0].State == ProjectionState.Standby, "has noticed");
        await ShouldBeFoldAsync(awake, projection);
        await suspended.DisposeAsync();
        await other.WaitForAsync(await awake.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await ShouldBeFoldAsync(awake, projection);
    }

    [Fact]
    public async Task Hand_over_again_and_again_while_events_come_applies_each_once()
    {
        var projection = new Tallies();
        var writer = OpenStore();
        var options = NoRetries with { MaxBatchEvents = 3 };
        using var stop = new CancellationTokenSource();
        var hosts = Enumerable.Range(0, 3).Select(i => Task.Run(async () =>
        {
            var store = OpenShared();
            var random = new Random(i);
            while (!stop.IsCancellationRequested)
            {
                await using var running = store.StartProjections(options, projection);

                // Some end while they start. The others have come to own the run or to stand by, and end after the run has come further,
                // through whichever of them. How long that takes is up to the storage and the machine, so no time limit may decide it:
                // where a commit takes longer than the limit, nothing would ever be applied.
                if (random.Next(3) > 0)
                {
                    await UntilAsync(async () => (await running.GetStatusAsync()).Single().State > ProjectionState.Starting, "started");
                    var before = await writer.ReadModel(projection).GetPositionAsync();
                    await UntilAsync(
                        async () => stop.IsCancellationRequested
                            || await writer.ReadModel(projection).GetPositionAsync() is var now && (now > before || now == 300),
                        "came further");
                }

                await Task.Delay(random.Next(1, 60));
            }
        })).ToList();
        for (var i = 0; i < 300; i++) await writer.AppendAsync($"s-{i % 3}", ExpectedVersion.Any, [Tallied.For($"k{i % 5}", $"k{i % 7}")]);
        await UntilAsync(async () => await writer.ReadModel(projection).GetPositionAsync() == 300, "level");
        await stop.CancelAsync();
        await Task.WhenAll(hosts);
        await ShouldBeFoldAsync(writer, projection);

        EventStore OpenShared()
        {
            lock (projection) return OpenStore();
        }
    }

    [Fact]
    public async Task Dispose_while_the_storage_fails_for_good_ends()
    {
        var (store, faults) = OpenFaulty();
        var running = store.StartProjections(NoRetries, new Tallies());
        await running.CatchUpAsync();
        faults.Die();
        await FluentActions.Awaiting(() => running.WaitForAsync(1, Never)).Should().ThrowAsync<ReadModelLateException>();
        await running.DisposeAsync().AsTask().WaitAsync(Never);
    }

    [Fact]
    public async Task Start_forgets_the_signs_of_life_of_processes_that_are_gone()
    {
        var store = OpenStore();
        var models = store.Storage.ReadModels;
        await using var running = store.StartProjections(NoRetries, new Tallies());
        await UntilAsync(async () => await models.CountAsync("$hosts", []) == 1, "alive");
        var alive = Encoding.UTF8.GetString((await models.QueryAsync("$hosts", new DocumentQuery())).Single().Data.Span);
        var dead = alive.Replace($"\"processId\":{Environment.ProcessId}", $"\"processId\":{int.MaxValue}", StringComparison.Ordinal);
        dead.Should().NotBe(alive);
        await models.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("$hosts", "dead", Encoding.UTF8.GetBytes(dead))] });
        await using var other = store.StartProjections(NoRetries, new Tallies(null, "other"));
        await UntilAsync(async () => (await models.LoadAsync("$hosts", ["dead"]))[0] is null, "forgotten");
        await UntilAsync(async () => await models.CountAsync("$hosts", []) == 2, "both alive");
    }
}
