using System.Collections.Concurrent;

namespace EventSourcing.Sqlite.Tests;

public sealed class GroupCommitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Append_while_another_holds_the_lock_waits_and_then_succeeds()
    {
        await using var storage = await CreateAsync();
        using var holder = Some.ForeignConnection(_folder.Store);
        holder.Run("BEGIN IMMEDIATE");
        var append = storage.AppendAsync(Some.Append("s", 1)).AsTask();
        append.IsCompleted.Should().BeFalse();
        holder.Run("COMMIT");
        (await append).Version.Should().Be(2);
    }

    [Fact]
    public async Task Append_while_another_holds_the_lock_for_too_long_says_who_waited_how_long()
    {
        await using var storage = await CreateAsync(TimeSpan.FromMilliseconds(200));
        using var holder = Some.ForeignConnection(_folder.Store);
        holder.Run("BEGIN IMMEDIATE");
        var append = () => storage.AppendAsync(Some.Append("s", 1)).AsTask();
        var busy = (await append.Should().ThrowAsync<StoreBusyException>()).Which;
        busy.Store.Should().Be(_folder.Store);
        busy.Waited.Should().BeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(200));
        (await storage.GetHeadAsync()).Should().Be(1, "reads do not wait for writers, and nothing was written");
        holder.Run("ROLLBACK");
        (await append()).Position.Should().Be(2);
    }

    [Fact]
    public async Task Append_refused_for_what_was_then_not_committed_is_decided_anew()
    {
        await using var storage = await CreateAsync();
        using var holder = Some.ForeignConnection(_folder.Store);
        holder.Run(Some.IndexThatFailsFor("bad"));
        holder.Run("BEGIN IMMEDIATE");
        var first = storage.AppendAsync(Some.Append("s", 1)).AsTask();
        var second = storage.AppendAsync(Some.Append("s", 1)).AsTask();
        var bad = storage.AppendAsync(Some.Append("t", 0, Some.Event(data: "bad"))).AsTask();
        holder.Run("ROLLBACK");

        await FluentActions.Awaiting(() => bad).Should().ThrowAsync<StorageFailedException>();
        await FluentActions.Awaiting(() => first).Should().ThrowAsync<StorageFailedException>("it shared the transaction");
        (await second).Version.Should().Be(2, "the version 2 for which it would have been refused never was");
        (await Some.LogOf(storage)).Select(e => (e.Stream, e.Version)).Should().Equal(("s", 1), ("s", 2));
    }

    [Fact]
    public async Task Cancel_while_waiting_for_the_lock_leaves_nothing_behind()
    {
        await using var storage = await CreateAsync();
        using var holder = Some.ForeignConnection(_folder.Store);
        holder.Run("BEGIN IMMEDIATE");
        using var cancellation = new CancellationTokenSource();
        var cancelled = storage.AppendAsync(Some.Append("s", 1), cancellation.Token).AsTask();
        var patient = storage.AppendAsync(Some.Append("t", 0)).AsTask();
        await cancellation.CancelAsync();
        await FluentActions.Awaiting(() => cancelled).Should().ThrowAsync<OperationCanceledException>();
        holder.Run("COMMIT");
        (await patient).Position.Should().Be(2);
        (await Some.LogOf(storage)).Should().HaveCount(2);
    }

    [Fact]
    public async Task Cancel_at_random_moments_gives_either_the_result_or_nothing()
    {
        await using var storage = await CreateAsync();
        var outcomes = new ConcurrentDictionary<Guid, bool>();
        var random = new Random(7);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                using var cancellation = new CancellationTokenSource(TimeSpan.FromMicroseconds(random.Next(0, 600)));
                var e = Some.Event();
                try
                {
                    await storage.AppendAsync(Some.Append($"c-{caller}", ExpectedVersion.Any, e, Some.Event()), cancellation.Token);
                    outcomes[e.Id] = true;
                }
                catch (OperationCanceledException)
                {
                    outcomes[e.Id] = false;
                }
            }
        })));

        var stored = (await Some.LogOf(storage)).Select(e => e.Id).ToHashSet();
        outcomes.Should().AllSatisfy(outcome => stored.Contains(outcome.Key).Should().Be(outcome.Value));
        stored.Should().HaveCount(1 + (2 * outcomes.Values.Count(isStored => isStored)));
    }

    [Fact]
    public async Task Append_concurrently_gives_each_caller_its_own_verdict()
    {
        await using var storage = await CreateAsync();
        var again = Some.Event();
        await storage.AppendAsync(Some.Append("again", 0, again));
        var appends = Enumerable.Range(0, 300).Select(i => (i % 3) switch
        {
            0 => (Request: Some.Append($"free-{i}", 0), Wins: true),
            1 => (Request: Some.Append("s", 99), Wins: false),
            _ => (Request: Some.Append("again", 0, again), Wins: true),
        }).Select(work => Task.Run(async () =>
        {
            var append = () => storage.AppendAsync(work.Request).AsTask();
            if (work.Wins) return await append();
            (await append.Should().ThrowAsync<WrongExpectedVersionException>()).Which.ActualVersion.Should().Be(1);
            return null;
        })).ToList();
        var results = await Task.WhenAll(appends);
        results.Count(result => result is { WasAlreadyStored: true, Position: 2 }).Should().Be(100);
        results.Where(result => result is { WasAlreadyStored: false }).Select(result => result!.Position).Order().Should().Equal(Enumerable.Range(3, 100).Select(i => (long)i));
        (await storage.GetHeadAsync()).Should().Be(102);
    }

    [Fact]
    public async Task Append_by_rivals_for_one_version_has_one_winner_each_round()
    {
        await using var storage = await CreateAsync();
        for (var version = 1; version <= 25; version++)
        {
            var wins = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
            {
                try
                {
                    return (await storage.AppendAsync(Some.Append("s", version))).Version == version + 1;
                }
                catch (WrongExpectedVersionException)
                {
                    return false;
                }
            })));
            wins.Count(won => won).Should().Be(1);
        }

        (await storage.GetHeadAsync()).Should().Be(26, "a refused append burns no position");
    }

    [Fact]
    public async Task Dispose_while_in_use_finishes_or_refuses_each_append()
    {
        var storage = await CreateAsync();
        var outcomes = new ConcurrentDictionary<Guid, bool>();
        var callers = Enumerable.Range(0, 16).Select(caller => Task.Run(async () =>
        {
            while (true)
            {
                var e = Some.Event();
                try
                {
                    await storage.AppendAsync(Some.Append($"c-{caller}", ExpectedVersion.Any, e));
                    outcomes[e.Id] = true;
                    using var page = await storage.ReadLogAsync(new LogRead { Limit = 10 });
                }
                catch (ObjectDisposedException)
                {
                    outcomes.TryAdd(e.Id, false);
                    return;
                }
            }
        })).ToList();
        var waiter = storage.WaitForEventsAsync(long.MaxValue - 1).AsTask();
        while (outcomes.Count < 200 && !callers.Any(caller => caller.IsCompleted)) await Task.Yield();
        await storage.DisposeAsync();
        await Task.WhenAll(callers);
        await FluentActions.Awaiting(() => waiter).Should().ThrowAsync<ObjectDisposedException>();
        await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", ExpectedVersion.Any)).AsTask()).Should().ThrowAsync<ObjectDisposedException>();
        await FluentActions.Awaiting(() => storage.GetHeadAsync().AsTask()).Should().ThrowAsync<ObjectDisposedException>();
        await storage.DisposeAsync();

        await using var reopened = new SqliteEventStorage(_folder.Store);
        var stored = (await Some.LogOf(reopened)).Select(e => e.Id).ToHashSet();
        outcomes.Should().AllSatisfy(outcome => stored.Contains(outcome.Key).Should().Be(outcome.Value));
    }

    [Fact]
    public async Task Append_from_a_thread_with_a_context_commits_elsewhere()
    {
        await using var storage = await CreateAsync();
        var clock = new ThreadRecorder();
        await using var watched = new SqliteEventStorage(_folder.FileNamed("watched.db"), new SqliteEventStorageOptions { TimeProvider = clock });
        var contextThread = 0;
        var thread = new Thread(() =>
        {
            SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
            contextThread = Environment.CurrentManagedThreadId;
            watched.AppendAsync(Some.Append("s", 0)).AsTask().Wait();
        });
        thread.Start();
        thread.Join();
        clock.Thread.Should().NotBe(0).And.NotBe(contextThread);
    }

    private async Task<SqliteEventStorage> CreateAsync(TimeSpan? busyTimeout = null)
    {
        var storage = new SqliteEventStorage(_folder.Store, new SqliteEventStorageOptions { BusyTimeout = busyTimeout ?? TimeSpan.FromSeconds(30) });
        await storage.AppendAsync(Some.Append("s", 0));
        return storage;
    }

    private sealed class ThreadRecorder : TimeProvider
    {
        public int Thread { get; private set; }

        public override DateTimeOffset GetUtcNow()
        {
            Thread = Environment.CurrentManagedThreadId;
            return base.GetUtcNow();
        }
    }
}
