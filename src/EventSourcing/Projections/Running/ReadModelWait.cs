namespace EventSourcing;

/// <summary>
/// Waits until the read model that serves holds everything up to a position. If its run is in this process, the run signals it; if it is in
/// another, this polls.
/// </summary>
internal sealed class ReadModelWait(EventStore store, string projection)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(25);
    private readonly ControlDocuments _documents = new(store.Storage.ReadModels);
    private readonly TimeProvider _clock = store.Storage.Options.TimeProvider;
    private readonly HeadSignal _progress = store.Signals.ProgressOf(projection);

    /// <summary>Whether an error says that the storage failed for now, and nothing of what is waited for.</summary>
    public static bool IsOfStorage(Exception failure) => failure is StorageFailedException { IsTransient: true } or StoreBusyException;

    /// <summary>The position that the read model has reached in this process; 0 if it does not run here.</summary>
    public long Progress => _progress.Head;

    /// <summary>The stored run of the generation that serves; null before the projection was first started.</summary>
    /// <exception cref="ReadModelDamagedException">The record of the run cannot be read, or is missing.</exception>
    public async ValueTask<ReadDocument<RunRecord>?> FindRunAsync(CancellationToken cancellationToken)
    {
        ReadDocument<DirectoryRecord>? before = null;
        while (true)
        {
            var directory = await _documents.FindDirectoryAsync(projection, cancellationToken).ConfigureAwait(false);
            if (directory is null) return null;
            var run = await _documents.FindRunAsync(
                ControlDocuments.RunKey(projection, directory.Content.Active), cancellationToken).ConfigureAwait(false);
            if (run is not null) return run;

            // Another generation may have taken its place between the two reads; the directory has then changed by now.
            if (before is not null && before.Bytes.Span.SequenceEqual(directory.Bytes.Span))
                throw Missing(projection, directory.Content.Active);
            before = directory;
        }
    }

    /// <summary>The error for a generation whose record of its place in the log is missing.</summary>
    public static ReadModelDamagedException Missing(string projection, int generation) =>
        new(projection, $"its record '{ControlDocuments.RunKey(projection, generation)}' in '{ControlDocuments.Runs}' is missing");

    /// <summary>Throws if the read model has reached a position that the log does not have.</summary>
    /// <exception cref="ReadModelOfAnotherLogException">The read model has reached such a position.</exception>
    public async ValueTask ThrowIfAheadAsync(CancellationToken cancellationToken)
    {
        if (await FindRunAsync(cancellationToken).ConfigureAwait(false) is not { } run) return;
        var head = await store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        LogIdentity.ThrowIfAhead(projection, run.Content, head);
    }

    /// <summary>The position that the read model has reached.</summary>
    public async ValueTask<long> PositionAsync(CancellationToken cancellationToken)
    {
        var run = await FindRunAsync(cancellationToken).ConfigureAwait(false);
        return Math.Max(_progress.Head, run?.Content.Position ?? 0);
    }

    /// <summary>
    /// Waits for the events from one position to another. If the storage fails, the wait ends at once: for certain events with a
    /// <see cref="ReadModelLateException"/>, for all with the storage's own error.
    /// </summary>
    /// <param name="first">The position of the first event; 0 for all, except those parked for good.</param>
    /// <param name="last">The position of the last event.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="fault">
    /// Returns the error that prevents the projection in this process from going on, or null; or null if it does not run here.
    /// </param>
    /// <param name="subscriber">The subscriber that runs, to tell whether an event is parked; null if it is not known.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="placed">Completes when the read model certainly belongs to the subscriber; null if that is known.</param>
    /// <param name="ended">
    /// Completes when the projection ends in this process; <paramref name="fault"/> returns an error from then on.
    /// </param>
    public async Task WaitAsync(
        long first,
        long last,
        TimeSpan timeout,
        Func<Exception?>? fault,
        Subscriber? subscriber,
        CancellationToken cancellationToken,
        Task? placed = null,
        Task? ended = null)
    {
        placed ??= Task.CompletedTask;
        if (timeout == Timeout.InfiniteTimeSpan) timeout = TimeSpan.MaxValue;
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        try
        {
            await WaitOnceAsync(first, last, timeout, fault, subscriber, placed, ended, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (first > 0 && IsOfStorage(failure))
        {
            // Its own words would be taken for those of the append that is waited for: "Nothing was written."
            throw new ReadModelLateException(projection, last, _progress.Head, failure);
        }
    }

    private async ValueTask WaitOnceAsync(
        long first,
        long last,
        TimeSpan timeout,
        Func<Exception?>? fault,
        Subscriber? subscriber,
        Task placed,
        Task? ended,
        CancellationToken cancellationToken)
    {
        var began = _clock.GetTimestamp();
        while (true)
        {
            // Taken before the look: progress that is made meanwhile must end the wait below at once, and nothing is late that is there.
            var left = timeout - _clock.GetElapsedTime(began);
            var wasBehind = _progress.Head < last;
            var isPlaced = placed.IsCompleted; // once: if it completes meanwhile, the wait below ends at once
            if (!(last > 0 && IsKept(isPlaced, fault))
                && await IsThereAsync(first, last, subscriber, fault, cancellationToken).ConfigureAwait(false))
            {
                // What the run has folded is of no use to a reader who cannot find it.
                if (last > 0) await new ServedReadModel(store, projection).ThrowUnlessSeenAsync(cancellationToken).ConfigureAwait(false);
                return;
            }

            if (left <= TimeSpan.Zero)
            {
                var reached = await PositionAsync(cancellationToken).ConfigureAwait(false);
                var state = !placed.IsCompleted ? "has not been started yet, since the store has not answered"
                    : reached >= last
                        ? $"has reached position {reached}, but some of what was waited for is held back there, and is being retried"
                    : null;
                if (state is null && await store.GetHeadAsync(cancellationToken).ConfigureAwait(false) is var head && head < last)
                    throw new ReadModelLateException(projection, last, reached, timeout, head);
                throw new ReadModelLateException(projection, last, reached, timeout, state);
            }

            using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var pause = Task.Delay(left < Poll ? left : Poll, _clock, abandon.Token);
            var told = !isPlaced ? placed : wasBehind ? _progress.WaitAsync(last - 1, abandon.Token) : pause;
            await (ended is null ? Task.WhenAny(told, pause) : Task.WhenAny(told, ended, pause)).ConfigureAwait(false);
            await abandon.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Whether it is not known yet which class the read model belongs to; throws the error that prevents finding out.</summary>
    private static bool IsKept(bool isPlaced, Func<Exception?>? fault)
    {
        if (isPlaced) return false;
        if (fault?.Invoke() is { } error) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
        return true;
    }

    private async ValueTask<bool> IsThereAsync(
        long first, long last, Subscriber? subscriber, Func<Exception?>? fault, CancellationToken cancellationToken)
    {
        if (last == 0) return true;
        ReadDocument<RunRecord>? run = null;
        if (_progress.Head < last)
        {
            run = await FindRunAsync(cancellationToken).ConfigureAwait(false);
            if (run is null || run.Content.Position < last)
            {
                if (fault?.Invoke() is { } error) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
                return false;
            }
        }

        run ??= await FindRunAsync(cancellationToken).ConfigureAwait(false);
        if (run is null || run.Content.Parked == 0) return true;
        if (!await IsHeldBackAsync(run, first, last, subscriber, cancellationToken).ConfigureAwait(false)) return true;
        if (fault?.Invoke() is { } stopped) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(stopped);
        return false;
    }

    /// <summary>Whether one of the events is held back with what is being retried; throws if it is parked for good.</summary>
    private async ValueTask<bool> IsHeldBackAsync(
        ReadDocument<RunRecord> run, long first, long last, Subscriber? subscriber, CancellationToken cancellationToken)
    {
        var parked = await _documents.ListAsync<ParkedRecord>(ControlDocuments.Parked, projection, cancellationToken).ConfigureAwait(false);
        var here =
            parked.Where(p => ControlDocuments.RunKey(projection, p.Content.Generation) == run.Key && p.Content.After < last).ToList();
        if (here.Count == 0) return false;
        if (first == 0) return here.Exists(p => p.Content is not { RetryAt: null, Skip: null });
        var isHeldBack = false;
        var filter = subscriber?.FilterFor(store) ?? EventFilter.All;
        var read = new LogRead { After = first - 1, UpTo = last, Filter = filter.Stored };
        var events = new List<FeedEvent>();
        for (var isEnd = false; !isEnd;)
        {
            using var page = await store.Storage.ReadLogAsync(read, cancellationToken).ConfigureAwait(false);
            events.Clear();
            for (var i = 0; i < page.Count; i++) FeedEvent.AddTo(events, store, page.Events[i], filter);
            foreach (var e in events)
            {
                var holding = here.Find(p => p.Content.After < e.Position && Touches(p.Content, e, subscriber));
                if (holding is null) continue;
                if (holding.Content is { RetryAt: null, Skip: null })
                    throw new ProjectionParkedException(ProjectionAdmin.Describe(holding), e.Position);
                isHeldBack = true;
            }

            read = read with { After = page.Next };
            isEnd = page.IsEnd;
        }

        return isHeldBack;
    }

    private static bool Touches(ParkedRecord parked, FeedEvent e, Subscriber? subscriber) => parked.Kind == ParkedKind.Stream
        ? parked.Partition == e.Stream
        : e.Failure is null && (subscriber is null || subscriber.Changes(e, parked.Partition));
}
