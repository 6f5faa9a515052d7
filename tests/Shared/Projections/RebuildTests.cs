namespace EventSourcing.Tests.Projections;

/// <summary>A read model is built anew beside the one that serves, and takes its place at one stroke.</summary>
public abstract class RebuildTests(IStorageSource source) : EngineTests(source)
{
    [Fact]
    public async Task Rebuild_on_request_under_load_never_shows_an_empty_or_partial_read_model()
    {
        var store = OpenStore();
        var projection = new Tallies();
        await using var running = store.StartProjections(NoRetries, projection);
        for (var i = 0; i < 50; i++) await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a", $"k{i % 5}")]);
        await running.CatchUpAsync();
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
        {
            var own = 0;
            while (!stop.IsCancellationRequested)
            {
                var result = await store.AppendAsync($"w-{w}", ExpectedVersion.Any, [Tallied.For($"w{w}", "a")]);
                await running.WaitForAsync(result, Never);
                (await store.ReadModel(projection).FindAsync($"w{w}"))!.Applied.Should().HaveCount(++own);
            }
        })).ToList();
        var reader = Task.Run(async () =>
        {
            var seen = 50;
            while (!stop.IsCancellationRequested)
            {
                var count = (await store.ReadModel(projection).FindAsync("a"))!.Applied.Count;
                count.Should().BeGreaterThanOrEqualTo(seen);
                seen = count;
            }
        });
        for (var i = 0; i < 3; i++) await running.RebuildAsync("tallies").WaitAsync(Never);
        await stop.CancelAsync();
        await Task.WhenAll([.. writers, reader]);
        await running.CatchUpAsync();
        await ShouldBeFoldAsync(store, projection);
        (await store.Storage.ReadModels.CountAsync("tallies@1", [])).Should().Be(0, "the old one is gone");
    }

    [Fact]
    public async Task Fail_without_a_known_outcome_when_the_new_one_takes_its_place_goes_on_with_it()
    {
        var (store, faults) = OpenFaulty();
        var projection = new Tallies();
        await using var running = store.StartProjections(NoRetries, projection);
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        var failed = 0;
        faults.AfterCommit = commit => commit.Aliases.Count > 0 && Interlocked.Increment(ref failed) == 1 ? throw FaultPoints.Failure(outcomeIsUnknown: true) : Task.CompletedTask;
        await running.RebuildAsync("tallies").WaitAsync(Never);
        failed.Should().Be(1);
        await UntilAsync(async () => (await running.GetStatusAsync())[0] is { Rebuild: null, State: ProjectionState.Live }, "live again");
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public async Task Stand_by_for_a_new_read_model_that_another_host_has_put_in_place_then_takes_it_over()
    {
        var (one, first) = OpenFaulty();
        var (two, second) = OpenFaulty();
        var projection = new Tallies();
        var running = one.StartProjections(NoRetries, projection);
        await running.WaitForAsync(await one.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));

        // The other host stands by for the new one while it is still being built, and is not told when it is in place.
        var isKnown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        second.BeforeRead = (model, keys) =>
        {
            if (model == "$runs" && keys.Contains("tallies@2")) isKnown.TrySetResult();
            return Task.CompletedTask;
        };
        first.BeforeCommit = commit => commit.Aliases.Count > 0 ? isKnown.Task : Task.CompletedTask;
        await using var standby = two.StartProjections(NoRetries, projection);
        await running.RebuildAsync("tallies").WaitAsync(Never);
        await running.DisposeAsync();
        await standby.WaitForAsync(await two.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await UntilAsync(async () => (await standby.GetStatusAsync())[0] is { Rebuild: null, State: ProjectionState.Live }, "live");
        await ShouldBeFoldAsync(two, projection);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Change_the_version_builds_anew_and_the_old_one_stands_by_until_the_new_one_is_gone()
    {
        var (oldApp, newApp) = (OpenStore(), OpenStore());
        var (oldOne, newOne) = (new Tallies(), new Tallies(null, version: 2));
        await using var oldRunning = oldApp.StartProjections(NoRetries, oldOne);
        await oldRunning.WaitForAsync(await oldApp.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        var newRunning = newApp.StartProjections(NoRetries, newOne);
        await UntilAsync(async () => (await oldRunning.GetStatusAsync())[0].State == ProjectionState.Replaced, "replaced");
        (await newRunning.GetStatusAsync())[0].Rebuild.Should().BeNull();
        await newRunning.WaitForAsync(await oldApp.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        await oldRunning.CatchUpAsync();
        await ShouldBeFoldAsync(newApp, newOne);

        await newRunning.DisposeAsync();
        await oldRunning.WaitForAsync(await oldApp.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("b")]), Never);
        await UntilAsync(async () => (await oldRunning.GetStatusAsync())[0] is { State: ProjectionState.Live }, "the old one serves again");
        await ShouldBeFoldAsync(oldApp, oldOne);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Restart_the_new_version_beside_the_old_one_builds_nothing_again()
    {
        var (oldApp, faults) = OpenFaulty();
        var newApp = OpenStore();
        var looked = 0;
        faults.BeforeRead = (model, _) =>
        {
            if (model == "$projections") Interlocked.Increment(ref looked);
            return Task.CompletedTask;
        };
        await using var oldRunning = oldApp.StartProjections(NoRetries with { LeaseDuration = TimeSpan.FromMinutes(5) }, new Tallies());
        await oldRunning.WaitForAsync(await oldApp.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        var projection = new Tallies(null, version: 2);
        var newRunning = newApp.StartProjections(NoRetries, projection);
        await UntilAsync(async () => (await newApp.Storage.ReadModels.CountAsync("tallies@1", [])) == 0 && (await newApp.Storage.ReadModels.CountAsync("tallies@2", [])) == 1, "in place");
        await newRunning.DisposeAsync();
        var before = Volatile.Read(ref looked);
        await UntilAsync(() => Task.FromResult(Volatile.Read(ref looked) > before + 2), "the old one has looked twice");
        await using var again = newApp.StartProjections(NoRetries, projection);
        await again.WaitForAsync(await newApp.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        (await oldRunning.GetStatusAsync())[0].Should().BeEquivalentTo(new { State = ProjectionState.Replaced, Rebuild = (RebuildProgress?)null });
        await ShouldBeFoldAsync(newApp, projection);
    }

    [Fact]
    public async Task Change_the_fields_makes_the_new_ones_queryable_once_it_is_in_place()
    {
        var store = OpenStore();
        await using (var running = store.StartProjections(NoRetries, new Tallies()))
            await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a"), Tallied.For("a", "b")]));
        var projection = new CountedTallies();
        await using var counted = store.StartProjections(NoRetries, projection);
        await UntilAsync(async () => (await counted.GetStatusAsync())[0] is { State: ProjectionState.Live, Rebuild: null }, "live");
        (await store.ReadModel(projection).Query().Where(CountedTallies.Count.AtLeast(2)).ToListAsync()).Select(d => d.Key).Should().Equal("a");
        (await store.Storage.ReadModels.CountAsync("tallies@1", [])).Should().Be(0);
    }

    [Fact]
    public async Task Die_in_the_middle_of_a_rebuild_goes_on_with_it_after_a_start()
    {
        var projection = new Tallies();
        var store = OpenStore();
        for (var i = 0; i < 30; i++) await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        var options = NoRetries with { MaxBatchEvents = 4, LeaseDuration = TimeSpan.FromMilliseconds(100) };
        var (mortal, faults) = OpenFaulty();
        await using (var dying = mortal.StartProjections(options, projection))
        {
            await dying.CatchUpAsync();
            var commits = 0;
            faults.BeforeCommit = commit =>
            {
                if (commit.Changes.Any(change => change.Model == "tallies@2") && Interlocked.Increment(ref commits) == 4) faults.Die();
                return Task.CompletedTask;
            };
            var rebuild = dying.RebuildAsync("tallies");
            await UntilAsync(() => Task.FromResult(commits >= 4), "dead");
            await FluentActions.Awaiting(() => rebuild).Should().ThrowAsync<StorageFailedException>();
        }

        await ShouldBeFoldAsync(store, projection);
        (await store.Storage.ReadModels.CountAsync("tallies@2", [])).Should().Be(1);
        await using var running = store.StartProjections(options, projection);
        await UntilAsync(async () => await store.Storage.ReadModels.CountAsync("tallies@1", []) == 0, "the old one is gone");
        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public async Task Rebuild_drops_what_was_parked_of_the_old_one_and_an_unfinished_one_that_it_replaces()
    {
        var store = OpenStore();
        await using (var broken = store.StartProjections(NoRetries, new Tallies((_, position) => position == 1)))
        {
            await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a"), Tallied.For("b")]);
            await UntilParkedAsync(store, "tallies", 1);
        }

        // The second version fails too, so it never takes its place; the third does.
        await using (var broken = store.StartProjections(NoRetries, new Tallies((_, position) => position == 2, version: 2))) await UntilParkedAsync(store, "tallies", 2);
        (await store.Storage.ReadModels.CountAsync("tallies@2", [])).Should().Be(1);
        var projection = new Tallies(null, version: 3);
        await using var running = store.StartProjections(NoRetries, projection);
        await UntilParkedAsync(store, "tallies", 0);
        await UntilAsync(async () => (await running.GetStatusAsync())[0] is { State: ProjectionState.Live, Rebuild: null, Parked: 0 }, "live");
        (await store.Storage.ReadModels.CountAsync("tallies@2", [])).Should().Be(0);
        await ShouldBeFoldAsync(store, projection);
    }

    private sealed class CountedTallies : Tallies
    {
        public static DocumentField<Tally, int> Count { get; } = new("count", tally => tally.Applied.Count);

        public override IReadOnlyList<DocumentField<Tally>> Fields => [Count];

        public override IReadOnlyList<string> FormerTypeNames => [typeof(Tallies).ToString()];
    }

    [Fact]
    public async Task Rebuild_that_stops_at_an_event_says_so_and_leaves_the_read_model_serving_and_going_on()
    {
        var store = OpenStore();
        var isBroken = false;
        var projection = new Tallies((_, position) => isBroken && position == 1);
        await using var running = store.StartProjections(NoRetries with { OnFailure = FailureMode.Stop }, projection);
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        isBroken = true;
        (await FluentActions.Awaiting(() => running.RebuildAsync("tallies").WaitAsync(Never)).Should().ThrowAsync<ProjectionFailedException>()).Which.Position.Should().Be(1);
        running.Completion.IsCompleted.Should().BeFalse();
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a", "b")]), Never);
        (await store.ReadModel(projection).FindAsync("a"))!.Applied.Should().Equal(1, 2);
    }

    [Fact]
    public async Task Rebuild_with_something_parked_says_so_and_takes_its_place_once_that_is_resumed()
    {
        var store = OpenStore();
        var isBroken = false;
        var projection = new Tallies((_, position) => isBroken && position == 1);
        await using var running = store.StartProjections(NoRetries, projection);
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        isBroken = true;
        var parked = (await FluentActions.Awaiting(() => running.RebuildAsync("tallies").WaitAsync(Never)).Should().ThrowAsync<ProjectionParkedException>()).Which.Parked;
        (await store.ReadModel(projection).FindAsync("a"))!.Applied.Should().Equal([1], "the old one serves on");
        isBroken = false;
        (await store.ProjectionAdmin().ResumeAsync(parked)).Should().BeTrue();
        await UntilAsync(async () => (await running.GetStatusAsync())[0].Rebuild is null, "in its place");
        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public async Task Catch_up_with_a_changed_projection_waits_until_its_read_model_serves()
    {
        var store = OpenStore();
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await using (var old = store.StartProjections(NoRetries, new Tallies((_, _) => false))) await old.CatchUpAsync();
        for (var version = 2; version < 6; version++)
        {
            var projection = new Doubled(version);
            await using var running = store.StartProjections(NoRetries, projection);
            await running.CatchUpAsync(Never);
            (await store.ReadModel(projection).FindAsync("a"))!.Applied.Should().Equal(version);
        }
    }

    private sealed class Doubled : Projection<Tally>
    {
        public Doubled(int version)
        {
            Version = version;
            On<Tallied>(e => e.Keys, (_, _, _) => new Tally { Applied = [version] });
        }

        public override string Name => "tallies";

        public override IReadOnlyList<string> FormerTypeNames => [typeof(Tallies).ToString()];

        public override int Version { get; }
    }
}
