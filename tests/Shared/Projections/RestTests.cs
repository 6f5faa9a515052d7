namespace EventSourcing.Tests.Projections;

/// <summary>What a store costs at which nothing happens: no write, and one small read now and then for all projections together.</summary>
public abstract class RestTests(IStorageSource source) : EngineTests(source)
{
    private static readonly ProjectionOptions ShortLease = NoRetries with { LeaseDuration = TimeSpan.FromMilliseconds(100) };

    [Fact]
    public async Task Rest_for_many_leases_writes_nothing_and_reads_one_document_for_all()
    {
        var (store, faults) = OpenFaulty();
        var projections = Enumerable.Range(0, 20).Select(i => new Tallies(null, $"tallies{i}")).ToArray();
        await using var running = store.StartProjections(ShortLease, projections);
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await Task.Delay(1_500); // what was ordered by the start has been looked at
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
        await UntilAsync(() => Task.FromResult(Count() >= 4), "four looks, which take twenty leases");
        commits.Should().Be(0);
        faults.LogReads.Should().Be(logReads);
        lock (reads) reads.Should().AllBe("$orders");

        int Count()
        {
            lock (reads) return reads.Count;
        }
    }

    [Fact]
    public async Task Stand_by_for_an_owner_at_rest_leaves_it_alone_until_there_is_something_to_do()
    {
        var (first, faults) = OpenFaulty();
        var second = OpenStore();
        var projection = new Tallies();
        await using var owner = first.StartProjections(ShortLease, projection);
        await owner.WaitForAsync(await first.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await using var other = second.StartProjections(ShortLease, projection);
        await UntilAsync(async () => (await other.GetStatusAsync())[0].State == ProjectionState.Standby, "stands by");
        await Task.Delay(500);
        (await other.GetStatusAsync())[0].State.Should().Be(ProjectionState.Standby, "an owner that has nothing to do owes no sign of life");

        // It can write no more, and there is something to do: now its silence counts.
        faults.Die();
        await other.WaitForAsync(await second.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
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
}
