namespace EventSourcing;

/// <summary>
/// Runs one projection: follows the log from the checkpoint, folds a page, commits documents and checkpoint in one
/// transaction, and so on. Each event takes effect exactly once, whatever crashes and whoever else runs it.
/// </summary>
internal sealed class ProjectionRunner
{
    private static readonly TimeSpan PauseAfterCollision = TimeSpan.FromMilliseconds(50);
    private readonly EventStore _store;
    private readonly Projection _projection;
    private readonly HeadSignal _progress = new();

    public ProjectionRunner(EventStore store, Projection projection)
    {
        _store = store;
        _projection = projection;
        Name = projection.Name;
    }

    public string Name { get; }

    /// <summary>The position up to which events are in the read model, as far as this runner has seen.</summary>
    public long Checkpoint => _progress.Head;

    /// <summary>The run: ends by cancellation or by the failure that stopped it.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    public void Start(CancellationToken stop) => Completion = Task.Run(() => RunAsync(stop), CancellationToken.None);

    /// <summary>Completes when the read model holds everything up to a position; fails as the projection does.</summary>
    public async Task WaitForAsync(long position, CancellationToken cancellationToken)
    {
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_progress.WaitAsync(position - 1, abandon.Token), Completion).ConfigureAwait(false);
        await abandon.CancelAsync().ConfigureAwait(false);
        if (_progress.Head >= position) return;
        cancellationToken.ThrowIfCancellationRequested();
        await Completion.ConfigureAwait(false);
        throw new ObjectDisposedException(nameof(RunningProjections), $"The projection '{Name}' was stopped at position {Checkpoint}, before it reached {position}.");
    }

    private async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            try
            {
                await FollowAsync(stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception collision) when (collision is CheckpointConflictException or StoreBusyException)
            {
                // Another process runs this projection too, or held the lock for long. Nothing was written: go on from
                // the stored checkpoint.
                await Task.Delay(PauseAfterCollision, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task FollowAsync(CancellationToken stop)
    {
        var checkpoint = await _store.Storage.ReadModels.GetCheckpointAsync(Name, stop).ConfigureAwait(false);
        _progress.Advance(checkpoint);
        await foreach (var page in LogFollower.FollowAsync(_store.Storage, checkpoint, _projection.Filter, stop).ConfigureAwait(false))
        {
            try
            {
                checkpoint = await ApplyAsync(page, checkpoint, stop).ConfigureAwait(false);
            }
            catch (EventSourcingException failure) when (PositionOf(failure) is { } position && position - 1 > checkpoint)
            {
                // What comes before the failure is sound: where pages begin must not decide how far the read model gets.
                var read = new LogRead { After = checkpoint, UpTo = position - 1, Filter = _projection.Filter };
                using var prefix = await _store.Storage.ReadLogAsync(read, stop).ConfigureAwait(false);
                await ApplyAsync(prefix, checkpoint, stop).ConfigureAwait(false);
                throw;
            }
        }
    }

    /// <summary>The position of the event that a page could not be folded for; null for any other error.</summary>
    private static long? PositionOf(EventSourcingException failure) => failure switch
    {
        ProjectionFailedException e => e.Position,
        UnknownEventTypeException e => e.Position,
        EventSerializationException e => e.Position,
        _ => null,
    };

    /// <summary>Folds a page and commits it with its checkpoint, which is returned.</summary>
    private async ValueTask<long> ApplyAsync(EventPage page, long checkpoint, CancellationToken stop)
    {
        var changes = await FoldAsync(page, checkpoint, stop).ConfigureAwait(false);
        await _store.Storage.ReadModels.CommitAsync(new ReadModelCommit(Name, checkpoint, page.Next, changes), stop).ConfigureAwait(false);
        _progress.Advance(page.Next);
        return page.Next;
    }

    private async ValueTask<IReadOnlyList<DocumentChange>> FoldAsync(EventPage page, long checkpoint, CancellationToken stop)
    {
        try
        {
            return await _projection.FoldAsync(_store, page, stop).ConfigureAwait(false);
        }
        catch (ProjectionFailedException)
        {
            // Another runner may have moved the documents on after this one read its checkpoint. Code that meets an
            // event's effect before the event may well throw; that is the collision which the commit would have met.
            var actual = await _store.Storage.ReadModels.GetCheckpointAsync(Name, stop).ConfigureAwait(false);
            if (actual == checkpoint) throw;
            throw new CheckpointConflictException(Name, checkpoint, actual);
        }
    }
}
