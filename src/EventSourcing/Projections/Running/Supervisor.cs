namespace EventSourcing;

/// <summary>
/// Starts and stops the runs of one projection or reactor in this process: the run of the generation that serves, if its fingerprint is the
/// same, and the run of a generation that is being built beside it.
/// </summary>
internal sealed class Supervisor
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private readonly EventStore _store;
    private readonly LogFeed _feed;
    private readonly LeaseHolder _holder;
    private readonly ProjectionOptions _options;
    private readonly Generations _generations;
    private readonly StandingOrders _orders;
    private readonly LeaseWatch _watch;
    private readonly Dictionary<int, (SubscriberRun Run, Task Task, CancellationTokenSource Stop)> _runs = [];
    private readonly TimeProvider _clock;
    private readonly SubscriberNotices _notices;
    private readonly ControlPoller _poller;
    private readonly TaskCompletionSource _abandoned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long? _othersGoneSince;
    private readonly TaskCompletionSource _placed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Exception> _hindered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile IReadOnlyList<SubscriberRun> _seenRuns = [];
    private volatile Task _nextOrder = Task.CompletedTask;

    public Supervisor(EventStore store, Subscriber subscriber, LogFeed feed, LeaseHolder holder, ProjectionOptions options)
    {
        _store = store;
        Subscriber = subscriber;
        _feed = feed;
        _holder = holder;
        _options = options;
        _generations = new Generations(store, subscriber);
        _orders = new StandingOrders(store);
        _clock = store.Storage.Options.TimeProvider;
        _poller = ControlPoller.Of(store);
        _notices = new SubscriberNotices(store, subscriber.Name);
        _watch = new LeaseWatch(new ControlDocuments(store.Storage.ReadModels), options.LeaseDuration, _clock);
    }

    public Subscriber Subscriber { get; }

    public string Name => Subscriber.Name;

    /// <summary>Completes when it is stopped, or fails with the error that has ended a run.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Why it runs nothing; null if it runs something.</summary>
    public ProjectionState? Idle { get; private set; } = ProjectionState.Starting;

    /// <summary>Whether an order has stopped it, and every order that was given in this process since was looked at.</summary>
    public bool IsStopped => Idle == ProjectionState.Stopped && !_nextOrder.IsCompleted;

    /// <summary>
    /// Whether another version that has replaced this one gave a sign of life at the last look. False also before there was a look.
    /// </summary>
    public bool IsReplacementAlive { get; private set; }

    public Exception? LastError { get; private set; }

    /// <summary>Completes when the place in the log is stored. The place at which the subscriber begins counts too.</summary>
    public Task Placed => _placed.Task;

    /// <summary>Completes with the first failure of the storage that is being tried again.</summary>
    public Task<Exception> Hindered => _hindered.Task;

    /// <summary>
    /// The run that serves readers; null if it is not in this process. A run that has just replaced another serves at once, although
    /// the other one is stopped only at the next look.
    /// </summary>
    public SubscriberRun? Serving => _seenRuns.Where(run => !run.IsBuilding).MaxBy(run => run.Generation);

    /// <summary>The run that is being built; null if there is none in this process.</summary>
    public SubscriberRun? Building => _seenRuns.FirstOrDefault(run => run.IsBuilding);

    /// <summary>Its orders when it last looked; null if none was ever given.</summary>
    public StandingOrderRecord? SeenOrder { get; private set; }

    /// <summary>The generation whose run has made it fail; 0 if it was none of them.</summary>
    public int FailedGeneration { get; private set; }

    /// <summary>The handlers that have not returned.</summary>
    public IEnumerable<AbandonedHandler> Handlers =>
        from run in _seenRuns
        from handler in run.Report.Handlers.Running
        select new AbandonedHandler(Name, handler.Position, handler.Since);

    public void Start(CancellationToken stop)
    {
        FailedGeneration = 0;

        // The status, waits and notices tell the error too, so an app need not look at the completion.
        Completion = EndAsync(BackgroundTask.Start(() => SuperviseAsync(stop)).ToldElsewhere()).ToldElsewhere();
    }

    /// <summary>Ends <see cref="Completion"/>, although something of it still runs.</summary>
    public void Abandon(HandlerAbandonedException why)
    {
        _abandoned.TrySetException(why);
        _ = _abandoned.Task.ToldElsewhere();
    }

    private async Task EndAsync(Task supervision)
    {
        var first = await Task.WhenAny(supervision, _abandoned.Task).ConfigureAwait(false);
        if (first.Exception?.InnerException is { } error && _notices.IsWanted && error is not HandlerAbandonedException)
            _notices.Failed(error);
        await first.ConfigureAwait(false);
    }

    private async Task SuperviseAsync(CancellationToken stop)
    {
        try
        {
            ControlView? view = null;
            while (!stop.IsCancellationRequested)
            {
                var order = _store.Signals.NextOrderOf(Name);
                try
                {
                    await StartAndStopRunsAsync(view, stop).ConfigureAwait(false);
                    _nextOrder = order;
                    if (LastError is not null && _notices.IsWanted) _notices.Tell(StoreNoticeKind.StorageRecovered);
                    LastError = null;
                }
                catch (ReadModelConflictException)
                {
                    continue; // another process was first: look again
                }
                catch (EventSourcingException failure) when (failure.MaySucceedLater())
                {
                    // It is tried twice a second, but told once.
                    if (LastError is null && _notices.IsWanted) _notices.StorageFailed(failure, attempts: 1, _clock.GetUtcNow() + Poll);
                    LastError = failure;
                    _hindered.TrySetResult(failure);
                }

                // A run may end before it is awaited, so those that have ended are looked at first.
                if (await FollowUpAsync().ConfigureAwait(false) is not { } unfinished)
                {
                    view = null;
                    continue;
                }

                using var abandon = CancellationTokenSource.CreateLinkedTokenSource(stop);
                var retry = Task.Delay(LastError is null ? Timeout.InfiniteTimeSpan : Poll, _clock, abandon.Token);
                List<Task> wakes = [order, retry, .. unfinished];
                var look = Idle == ProjectionState.Replaced ? _poller.NextAsync(_options.LeaseDuration) : null;
                if (look is not null) wakes.Add(look);
                await Task.WhenAny(wakes).ConfigureAwait(false);
                await abandon.CancelAsync().ConfigureAwait(false);
                view = look is { IsCompletedSuccessfully: true } ? await look.ConfigureAwait(false) : null;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        finally
        {
            // Failed runs stay in the status; the others are stopped. What code of the app throws when its token is cancelled must not hide
            // why they are stopped.
            foreach (var (_, _, cancel) in _runs.Values)
                await cancel.CancelAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.WhenAll(_runs.Values.Select(run => run.Task)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var generation in _runs.Keys.ToList()) Forget(generation);
        }
    }

    /// <summary>
    /// Looks at the runs that have ended, and throws the error of one that failed. If a rebuild fails, the read model that serves goes on;
    /// if that one fails, the rebuild that is to replace it goes on. The failed run then stays in the status.
    /// </summary>
    /// <returns>The runs that go on; null if one has ended and must be looked for again.</returns>
    private async ValueTask<IReadOnlyList<Task>?> FollowUpAsync()
    {
        List<Task> unfinished = [];
        var hasEnded = false;
        foreach (var (generation, run) in _runs.ToList())
        {
            if (!run.Task.IsCompleted)
            {
                unfinished.Add(run.Task);
                continue;
            }

            var isBesideAnother = _runs.Values.Any(other =>
                (other.Run.IsBuilding != run.Run.IsBuilding || other.Run.Generation > generation) && !other.Task.IsCompleted);
            if (run.Task.IsFaulted && isBesideAnother) continue;
            Forget(generation);
            if (run.Task.IsFaulted) FailedGeneration = generation;
            await run.Task.ConfigureAwait(false);
            hasEnded = true;
        }

        return hasEnded ? null : unfinished;
    }

    private async ValueTask StartAndStopRunsAsync(ControlView? view, CancellationToken stop)
    {
        var order = await _orders.FindAsync(Name, stop).ConfigureAwait(false);
        SeenOrder = order?.Content;
        var isToBuild = order?.Content is { IsStopped: false, Rebuild: not null } && Subscriber is Projection;
        var directory = await _generations.FindAsync(restores: isToBuild, stop).ConfigureAwait(false);
        if (directory is null)
        {
            await _generations.CreateFirstAsync(stop).ConfigureAwait(false);
            return;
        }

        _placed.TrySetResult();
        if (order?.Content.IsStopped == true)
        {
            Rest(ProjectionState.Stopped, StoreNoticeKind.Stopped);
            await StopRunsAsync(_ => true).ConfigureAwait(false);
            return;
        }

        if (isToBuild && _generations.IsToRebuild(directory.Content))
        {
            await _generations.BuildAsync(directory, order, stop).ConfigureAwait(false);
            return; // what there is to run is found at the next look, which the commit has ordered
        }

        var mine = directory.Content.Generations
            .Where(g => g.Fingerprint == _generations.Fingerprint && g.State != GenerationState.Replaced)
            .ToList();
        if (mine.Count == 0 && !await TryBuildAsync(directory, order, view, stop).ConfigureAwait(false))
        {
            Rest(ProjectionState.Replaced, StoreNoticeKind.Replaced);
        }
        else
        {
            Idle = null;
        }

        await StopRunsAsync(generation => mine.TrueForAll(g => g.Number != generation)).ConfigureAwait(false);
        foreach (var generation in mine.Where(g => !_runs.ContainsKey(g.Number)))
        {
            var context = new RunContext(_store, Subscriber, generation.Number, _holder, _options);
            var run = new SubscriberRun(context, generation.State == GenerationState.Building, _feed);
            var cancel = CancellationTokenSource.CreateLinkedTokenSource(stop);
            _runs.Add(generation.Number, (run, BackgroundTask.Start(() => run.RunAsync(cancel.Token)), cancel));
        }

        _seenRuns = [.. _runs.Values.Select(run => run.Run)];
    }

    /// <summary>It runs nothing for now.</summary>
    private void Rest(ProjectionState why, StoreNoticeKind notice)
    {
        if (Idle != why && _notices.IsWanted) _notices.Tell(notice);
        Idle = why;
    }

    private async ValueTask StopRunsAsync(Func<int, bool> isToStop)
    {
        foreach (var (generation, run) in _runs.Where(pair => isToStop(pair.Key)).ToList())
        {
            await run.Stop.CancelAsync().ConfigureAwait(false);
            await run.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Forget(generation);
        }

        _seenRuns = [.. _runs.Values.Select(run => run.Run)];
    }

    /// <summary>
    /// Begins a generation of this fingerprint beside the others. A fingerprint that was replaced before waits as long as another one is
    /// alive: while an old and a new version of an app both run, the new one wins. When the new one has been gone for the length of a
    /// lease, the old one builds again.
    /// </summary>
    private async ValueTask<bool> TryBuildAsync(
        ReadDocument<DirectoryRecord> directory, ReadDocument<StandingOrderRecord>? order, ControlView? view, CancellationToken stop)
    {
        var content = directory.Content;
        if (content.Generations.Any(g => g.Fingerprint == _generations.Fingerprint))
        {
            if (view is null) return false; // the next look tells whether they are alive
            foreach (var other in content.Generations.Where(g => g.State != GenerationState.Replaced))
            {
                if (!view.Runs.TryGetValue(ControlDocuments.RunKey(Name, other.Number), out var run) || _watch.IsGone(run, view)) continue;
                IsReplacementAlive = true;
                _othersGoneSince = null;
                return false;
            }

            IsReplacementAlive = false;

            // A new version that is only being restarted comes back within a lease.
            _othersGoneSince ??= _clock.GetTimestamp();
            if (_clock.GetElapsedTime(_othersGoneSince.Value) < _options.LeaseDuration) return false;
            _othersGoneSince = null;
        }

        await _generations.BuildAsync(directory, order, stop).ConfigureAwait(false);
        return true;
    }

    private void Forget(int generation)
    {
        if (_runs.Remove(generation, out var run)) run.Stop.Dispose();
    }
}
