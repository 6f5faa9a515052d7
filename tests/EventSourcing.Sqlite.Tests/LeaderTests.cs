namespace EventSourcing.Sqlite.Tests;

/// <summary>Wherever a writer of groups throws, each caller is told, and the next one finds a queue that goes on.</summary>
public sealed class LeaderTests
{
    private readonly Writer _writer = new();

    [Fact]
    public async Task Commit_whose_writer_throws_before_it_takes_a_group_fails_for_its_callers_alone()
    {
        var commits = Commits();
        _writer.BeforeGroup = static () => throw new InvalidOperationException("No turn.");
        await ShouldFailAsync<InvalidOperationException>(CommitAsync(commits));
        _writer.BeforeGroup = static () => { };
        await CommitAsync(commits);
        await CloseAsync(commits);
    }

    [Fact]
    public async Task Commit_whose_writer_throws_with_a_group_fails_for_each_of_the_group()
    {
        var commits = Commits();
        var (first, goOn) = await HoldOneAsync(commits);
        var others = Enumerable.Range(0, 5).Select(_ => CommitAsync(commits)).ToList();
        _writer.WithGroup = static _ => throw new InvalidOperationException("No disk.");
        goOn();
        await first;
        foreach (var other in others) await ShouldFailAsync<InvalidOperationException>(other);
        _writer.WithGroup = static _ => Task.CompletedTask;
        await CommitAsync(commits);
        await CloseAsync(commits);
    }

    [Fact]
    public async Task Step_down_that_throws_leaves_a_queue_that_the_next_caller_leads()
    {
        var commits = Commits();
        _writer.AtStepDown = static () => throw new InvalidOperationException("The turn cannot be passed.");
        for (var i = 0; i < 3; i++) await CommitAsync(commits);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => CommitAsync(commits)))).WaitAsync(Some.Never);
        await CloseAsync(commits);
        await ShouldFailAsync<ObjectDisposedException>(CommitAsync(commits));
    }

    [Fact]
    public async Task Step_down_that_throws_while_the_queue_is_disposed_does_not_hold_the_disposal()
    {
        var commits = Commits();
        _writer.AtStepDown = static () => throw new InvalidOperationException("The turn cannot be passed.");
        var (commit, goOn) = await HoldOneAsync(commits);
        var disposal = CloseAsync(commits);
        goOn();
        await commit;
        await disposal;
    }

    [Fact]
    public async Task Wait_for_too_long_whose_error_cannot_be_made_fails_with_the_reason()
    {
        var commits = Commits(busyTimeout: TimeSpan.Zero);
        _writer.Obstacle = new Obstacle(TimeSpan.Zero, static (_, _) => throw new FormatException("No such error."));
        await ShouldFailAsync<FormatException>(CommitAsync(commits));
        _writer.Obstacle = null;
        await CommitAsync(commits);
        await CloseAsync(commits);
    }

    private static async Task ShouldFailAsync<TError>(Task commit)
        where TError : Exception => await FluentActions.Awaiting(() => commit).Should().ThrowAsync<TError>();

    private static async Task CommitAsync(GroupCommit<Write> commits)
    {
        var write = new Write();
        await commits.CommitAsync(write, write.Task, default).AsTask().WaitAsync(Some.Never);
    }

    /// <summary>Not by <c>await using</c>: a queue that goes wrong would hold the test for ever.</summary>
    private static Task CloseAsync(GroupCommit<Write> commits) => commits.DisposeAsync().AsTask().WaitAsync(Some.Never);

    /// <summary>A write alone in a group that the writer has, until it may go on.</summary>
    private async Task<(Task Commit, Action GoOn)> HoldOneAsync(GroupCommit<Write> commits)
    {
        var (taken, held) = (NewSource(), NewSource());
        _writer.WithGroup = _ =>
        {
            taken.TrySetResult();
            return held.Task;
        };
        var commit = CommitAsync(commits);
        await taken.Task.WaitAsync(Some.Never);
        return (commit, held.SetResult);

        static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private GroupCommit<Write> Commits(TimeSpan? busyTimeout = null) =>
        new(_writer, busyTimeout ?? TimeSpan.FromSeconds(30), new UserCode(), static _ => new ObjectDisposedException("the queue"));

    private sealed class Write : QueuedWrite
    {
        private readonly TaskCompletionSource<bool> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<bool> Task => _completion.Task;

        public override int Weight => 1;

        protected override void SetCompleted() => _completion.TrySetResult(true);

        protected override void SetFailed(Exception failure) => _completion.TrySetException(failure);

        protected override void SetCanceled(CancellationToken cancellationToken) => _completion.TrySetCanceled(cancellationToken);
    }

    private sealed class Writer : IGroupWriter<Write>
    {
        public Action BeforeGroup { get; set; } = static () => { };

        public Func<List<Write>, Task> WithGroup { get; set; } = static _ => Task.CompletedTask;

        public Action AtStepDown { get; set; } = static () => { };

        public Obstacle? Obstacle { get; set; }

        public bool MayKeepThread => false;

        public async ValueTask<Obstacle?> CommitNextAsync(WriteQueue<Write> queue, int attempt)
        {
            BeforeGroup();
            if (Obstacle is not null) return Obstacle;
            queue.TakeGroup();
            await WithGroup(queue.Group);
            foreach (var write in queue.Group) write.Complete();
            return null;
        }

        public void StepDown() => AtStepDown();
    }
}
