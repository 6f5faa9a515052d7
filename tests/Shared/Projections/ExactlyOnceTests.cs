using System.Collections.Concurrent;

namespace EventSourcing.Tests.Projections;

/// <summary>Each event is in the read model once, whatever fails around the commit.</summary>
public abstract class ExactlyOnceTests(IStorageSource source) : EngineTests(source)
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public async Task Fail_before_or_after_commits_at_random_applies_each_event_once(int maxBatchEvents)
    {
        var (store, faults) = OpenFaulty();
        var random = new Random(maxBatchEvents);
        faults.BeforeCommit = _ => Next(random, 12) == 0 ? throw FaultPoints.Failure(outcomeIsUnknown: false) : Task.CompletedTask;
        faults.AfterCommit = _ => Next(random, 12) == 0 ? throw FaultPoints.Failure(outcomeIsUnknown: true) : Task.CompletedTask;
        var projection = new Tallies();
        await AppendAsync(store, random, 40);
        await using (store.StartProjections(NoRetries with { MaxBatchEvents = maxBatchEvents }, projection))
        {
            await AppendAsync(store, random, 40);
            await UntilAsync(async () => await store.ReadModel(projection).GetPositionAsync() == 80, "level");
        }

        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Die_at_random_commits_and_start_again_applies_each_event_once()
    {
        var random = new Random(7);
        var projection = new Tallies();
        var store = OpenStore();
        await AppendAsync(store, random, 120);
        for (var life = 0; await store.ReadModel(projection).GetPositionAsync() < 120; life++)
        {
            life.Should().BeLessThan(300);
            var (mortal, faults) = OpenFaulty();
            var commitsToLive = random.Next(12);
            var takesEffect = random.Next(2) == 0;
            var died = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Task CountDown(bool isAfter)
            {
                if (isAfter != takesEffect || Interlocked.Decrement(ref commitsToLive) >= 0) return Task.CompletedTask;
                faults.Die();
                died.TrySetResult();
                throw FaultPoints.Failure(outcomeIsUnknown: true);
            }

            faults.BeforeCommit = _ => CountDown(isAfter: false);
            faults.AfterCommit = _ => CountDown(isAfter: true);
            await using var running = mortal.StartProjections(NoRetries with { MaxBatchEvents = 5, LeaseDuration = TimeSpan.FromMilliseconds(100) }, projection);
            await Task.WhenAny(died.Task, running.WaitForAsync(120, Never));
        }

        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public async Task Run_with_a_batch_limit_folds_no_more_events_in_one_commit()
    {
        var (store, faults) = OpenFaulty();
        await AppendAsync(store, new Random(1), 30);
        var folded = 0;
        var sizes = new ConcurrentQueue<int>();
        faults.BeforeCommit = _ =>
        {
            sizes.Enqueue(Interlocked.Exchange(ref folded, 0));
            return Task.CompletedTask;
        };
        var positions = new HashSet<long>();
        var projection = new Tallies { Applying = position => folded += positions.Add(position) ? 1 : 0 };
        await using var running = store.StartProjections(NoRetries with { MaxBatchEvents = 3 }, projection);
        await running.CatchUpAsync();
        sizes.Max().Should().Be(3, "that is the most events in one transaction, also for one who is nearly level");
    }

    [Fact]
    public async Task Run_20_projections_that_are_level_reads_the_log_once_for_all()
    {
        var (store, faults) = OpenFaulty();
        await using var running = store.StartProjections(NoRetries, [.. Enumerable.Range(0, 20).Select(i => new Tallies(null, $"tallies-{i}"))]);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await running.CatchUpAsync();
        var before = faults.LogReads;
        const int Rounds = 30;
        for (var i = 0; i < Rounds; i++) await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        (faults.LogReads - before).Should().Be(Rounds);
    }

    private static int Next(Random random, int below)
    {
        lock (random) return random.Next(below);
    }

    private static async Task AppendAsync(EventStore store, Random random, int count)
    {
        for (var i = 0; i < count; i++)
        {
            object e = Next(random, 5) == 0 ? new Ignored(i) : new Tallied([.. Enumerable.Range(0, 1 + Next(random, 3)).Select(_ => $"k{Next(random, 6)}")]);
            await store.AppendAsync($"s-{Next(random, 4)}", ExpectedVersion.Any, [e]);
        }
    }
}
