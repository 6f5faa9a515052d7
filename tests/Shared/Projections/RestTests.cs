namespace EventSourcing.Tests.Projections;

/// <summary>What a store costs at which nothing happens: no write, and one small read now and then for all projections together.</summary>
public abstract class RestTests(IStorageSource source) : EngineTests(source)
{
    private static readonly ProjectionOptions ShortLease = NoRetries with { LeaseDuration = TimeSpan.FromMilliseconds(100) };
    private static readonly TimeSpan Quarter = ShortLease.LeaseDuration / 4;

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Rest_for_many_leases_writes_nothing_and_reads_one_document_for_all()
    {
        var clock = new VirtualClock();
        var (store, faults) = OpenFaulty(clock);
        var projections = Enumerable.Range(0, 20).Select(i => new Tallies(null, $"tallies{i}")).ToArray();
        await using var running = store.StartProjections(ShortLease, projections);
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never).WaitAsync(Never);
        await LookForOrdersAsync(clock, faults, count: 3); // what was ordered by the start has been looked at
        var reads = new List<string>();
        var commits = 0;
        faults.BeforeCommit = _ =>
        {
            Interlocked.Increment(ref commits);
            return Task.CompletedTask;
        };
        faults.BeforeRead = (model, _) =>
        {
            lock (reads) reads.Add(model);
            return Task.CompletedTask;
        };
        var logReads = faults.LogReads;
        await UntilAsync(clock, ShortLease.LeaseDuration / 2, () => Task.FromResult(Count() >= 40), "forty looks, which take two hundred leases");
        commits.Should().Be(0);
        faults.LogReads.Should().Be(logReads);
        lock (reads) reads.Should().AllBe("$orders");

        int Count()
        {
            lock (reads) return reads.Count;
        }
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Stand_by_for_an_owner_at_rest_leaves_it_alone_until_there_is_something_to_do()
    {
        var clock = new VirtualClock();
        var (first, faults) = OpenFaulty(clock);
        var (second, looks) = OpenFaulty(clock);
        var projection = new Tallies();
        await using var owner = first.StartProjections(ShortLease, projection);
        await owner.WaitForAsync(await first.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never).WaitAsync(Never);
        await using var other = second.StartProjections(ShortLease, projection);
        await UntilAsync(async () => (await other.GetStatusAsync())[0].State == ProjectionState.Standby, "stands by");
        await LookForOrdersAsync(clock, looks, count: 80); // for one who stands by, a quarter of a lease lies between two looks
        (await other.GetStatusAsync())[0].State.Should().Be(ProjectionState.Standby, "an owner that has nothing to do owes no sign of life");

        // It can write no more, and there is something to do: now its silence counts.
        faults.Die();
        await second.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilAsync(clock, Quarter, async () => await second.ReadModel(projection).GetPositionAsync() == 2, "has taken over");
        await ShouldBeFoldAsync(second, projection);
    }

    [Fact]
    public async Task Order_by_another_process_is_carried_out_by_an_owner_at_rest()
    {
        var (one, two) = (OpenStore(), OpenStore());
        var isMended = false;
        var projection = new Tallies((key, _) => !isMended && key == "b");
        await using var running = one.StartProjections(NoRetries, projection);
        await one.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a", "b")]);
        await UntilParkedAsync(two, "tallies", 1);
        isMended = true;
        await two.ProjectionAdmin().ResumeAsync((await two.ProjectionAdmin().GetParkedAsync("tallies")).Single());
        await UntilAsync(async () => (await two.ProjectionAdmin().GetParkedAsync("tallies")).Count == 0, "resumed");
        await two.ProjectionAdmin().RebuildDocumentAsync("tallies", "a");
        await UntilAsync(async () => await two.Storage.ReadModels.CountAsync("$refolds", []) == 0, "built anew");
        await ShouldBeFoldAsync(two, projection);
    }

    [Fact]
    public async Task Wait_whose_position_is_reached_while_it_looks_ends_without_the_clock()
    {
        var clock = new VirtualClock();
        var (store, faults) = OpenFaulty(clock);
        await using var running = store.StartProjections(new Tallies());
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never).WaitAsync(Never);

        // The wait has read that the projection is at position 1, and gets to know it only once that is 2.
        TaskCompletionSource isLooking = New(), mayCommit = New(), hasCommitted = New();
        faults.BeforeCommit = _ => mayCommit.Task;
        var appended = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        faults.AfterRead = async model =>
        {
            if (model != "$runs" || !isLooking.TrySetResult()) return;
            await hasCommitted.Task;
        };
        var waiting = running.WaitForAsync(appended, Never);
        await isLooking.Task.WaitAsync(Never);
        mayCommit.SetResult();
        await UntilAsync(async () => (await running.GetStatusAsync())[0].Position == 2, "has committed");
        hasCommitted.SetResult();
        await waiting.WaitAsync(Never);

        static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Moves the clock on until a store has looked for orders so many times more.</summary>
    private static async Task LookForOrdersAsync(VirtualClock clock, FaultPoints faults, int count)
    {
        var seen = 0;
        faults.BeforeRead = (model, _) =>
        {
            if (model == "$orders") Interlocked.Increment(ref seen);
            return Task.CompletedTask;
        };
        await UntilAsync(clock, Quarter, () => Task.FromResult(Volatile.Read(ref seen) >= count), $"{count} looks");
        faults.BeforeRead = (_, _) => Task.CompletedTask;
    }
}
