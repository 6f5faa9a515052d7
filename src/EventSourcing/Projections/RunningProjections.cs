namespace EventSourcing;

/// <summary>
/// Projections running in the background: they catch up with the log and stay level with it until disposed.
/// Thread-safe. The same projection may run in several processes: its checkpoint guards each event's single effect.
/// </summary>
public sealed class RunningProjections : IAsyncDisposable
{
    private readonly EventStore _store;
    private readonly ProjectionRunner[] _runners;
    private readonly CancellationTokenSource _stop = new();
    private int _disposed;

    internal RunningProjections(EventStore store, IReadOnlyList<Projection> projections)
    {
        _store = store;
        _runners = [.. projections.Select(projection => new ProjectionRunner(store, projection))];
        foreach (var runner in _runners) runner.Start(_stop.Token);
        Completion = FirstEndAsync();
    }

    /// <summary>
    /// Fails with the first failure of any projection, as soon as it stops; completes when all were stopped by
    /// disposal. Watch it: a projection that has stopped falls behind until it is started again.
    /// </summary>
    public Task Completion { get; }

    /// <summary>How each projection is doing, in the order in which they were started.</summary>
    public IReadOnlyList<ProjectionStatus> Status =>
        [.. _runners.Select(runner => new ProjectionStatus(runner.Name, runner.Checkpoint, runner.Completion.Exception?.InnerException))];

    /// <summary>
    /// Waits until every projection has folded the log up to a position: read your own writes. A projection that has
    /// failed, or fails meanwhile, fails the wait at once with its own error.
    /// </summary>
    /// <param name="position">The position, e.g. that of an <see cref="AppendResult"/>; 0 is reached at once.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes when the read models hold everything up to there.</returns>
    /// <exception cref="ProjectionFailedException">A projection's code failed on an event.</exception>
    /// <exception cref="ObjectDisposedException">The projections were stopped before they got there.</exception>
    public async Task WaitForAsync(long position, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            // As they end, so that one which fails is not hidden behind one which is still busy.
            await foreach (var ended in Task.WhenEach(_runners.Select(runner => runner.WaitForAsync(position, abandon.Token))).ConfigureAwait(false))
            {
                await ended.ConfigureAwait(false);
            }
        }
        finally
        {
            await abandon.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Waits until every projection has folded all that is in the log at the time of the call.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The position that the read models have reached.</returns>
    /// <exception cref="ProjectionFailedException">A projection's code failed on an event.</exception>
    /// <exception cref="ObjectDisposedException">The projections were stopped before they got there.</exception>
    public async Task<long> CatchUpAsync(CancellationToken cancellationToken = default)
    {
        var head = await _store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        await WaitForAsync(head, cancellationToken).ConfigureAwait(false);
        return head;
    }

    /// <summary>Stops the projections where they stand; each finishes or abandons the page it is at, whole.</summary>
    /// <returns>A task that completes when all have stopped. It does not throw for those that had failed: see <see cref="Completion"/>.</returns>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1) return;
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_runners.Select(runner => runner.Completion)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task FirstEndAsync()
    {
        await foreach (var ended in Task.WhenEach(_runners.Select(runner => runner.Completion)).ConfigureAwait(false))
        {
            await ended.ConfigureAwait(false);
        }
    }
}

/// <summary>How a running projection is doing.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Checkpoint">The position up to which events are in its read model.</param>
/// <param name="Failure">What stopped it, or <see langword="null"/> while it runs.</param>
public sealed record ProjectionStatus(string Name, long Checkpoint, Exception? Failure);
