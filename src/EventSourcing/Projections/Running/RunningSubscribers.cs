namespace EventSourcing;

/// <summary>Projections or reactors that run in the background until disposed. Thread-safe.</summary>
public abstract class RunningSubscribers : IAsyncDisposable
{
    /// <summary>How long a wait for a position lasts where it is not said otherwise.</summary>
    public static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly Host _host;
    private readonly LogFeed _feed;
    private readonly Disposal _disposal;
    private readonly TimeSpan _stopTimeout;
    private readonly ControlPoller _poller;

    private protected RunningSubscribers(EventStore store, IReadOnlyList<Subscriber> subscribers, ProjectionOptions options)
    {
        Store = store;
        StartedSubscribers.Of(store).Add(subscribers);
        _disposal = new Disposal(DisposeOnceAsync);
        _stopTimeout = options.StopTimeout;
        _host = new Host(store, options.LeaseDuration);
        _feed = new LogFeed(store, subscribers.Select(subscriber => subscriber.FilterFor(store)).Aggregate((all, one) => all.Or(one)));
        Supervisors = [.. subscribers.Select(subscriber => new Supervisor(store, subscriber, _feed, _host, options))];
        _poller = ControlPoller.Of(store);
        store.Register(this);
        _poller.BeginWatch();
        foreach (var supervisor in Supervisors) supervisor.Start(_stop.Token);
        Completion = FirstEndAsync();
    }

    /// <summary>
    /// Fails with the first failure of any of them, as soon as it stops; completes when all were stopped by disposal. If a
    /// handler was given up at that (<see cref="Abandoned"/>), it fails with <see cref="HandlerAbandonedException"/>.
    /// Watch it: what has stopped falls behind until it is started again.
    /// </summary>
    public Task Completion { get; }

    /// <summary>
    /// The handlers that had not returned when disposal stopped waiting for them (<see cref="ProjectionOptions.StopTimeout"/>);
    /// empty before that, and if all have. They are in the log of the event source "EventSourcing" too.
    /// </summary>
    public IReadOnlyList<AbandonedHandler> Abandoned { get; private set; } = [];

    private protected EventStore Store { get; }

    /// <summary>The one clock of all that runs on the store.</summary>
    private protected TimeProvider Clock => Store.Storage.Options.TimeProvider;

    /// <summary>Starts one that has failed: what failed may stay behind, as another read model takes its place.</summary>
    private protected void StartAgain(Supervisor supervisor)
    {
        if (supervisor.Completion.IsFaulted && !_stop.IsCancellationRequested) supervisor.Start(_stop.Token);
    }

    private protected IReadOnlyList<Supervisor> Supervisors { get; }

    /// <summary>How often the log was read for all that were level with it: once per page, however many they are.</summary>
    internal long SharedReads => _feed.SharedReads;

    /// <summary>How each is doing, in the order in which they were started.</summary>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <returns>The status of each.</returns>
    public async Task<IReadOnlyList<ProjectionStatus>> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var admin = new ProjectionAdmin(Store);
        var list = new List<ProjectionStatus>(Supervisors.Count);
        foreach (var supervisor in Supervisors)
        {
            var stored = await admin.StatusOfAsync(supervisor.Name, cancellationToken).ConfigureAwait(false);
            var serving = supervisor.Serving;
            var building = supervisor.Building;
            var error = supervisor.Completion.Exception?.InnerException ?? serving?.LastError ?? building?.LastError ?? supervisor.LastError;
            var state = supervisor.Completion.IsFaulted ? ProjectionState.Failed
                : supervisor.Completion.IsCompleted ? ProjectionState.Stopped
                : building is null && stored.State == ProjectionState.Failed ? ProjectionState.Failed // damaged, which its run meets at the next event
                : supervisor.Idle ?? serving?.State ?? building?.State ?? ProjectionState.Starting;
            list.Add(stored with
            {
                State = state,
                LastError = error ?? stored.LastError,
                Rebuild = building is null ? stored.Rebuild : new RebuildProgress(building.Position, stored.Head, building.Speed) { Parked = building.ParkedCount },
            });
        }

        return list;
    }

    /// <summary>
    /// Waits until all of them have dealt with an event: read your own writes. Whatever keeps one of them from getting
    /// there fails the wait at once, with its own error.
    /// </summary>
    /// <param name="position">The event's position; 0 is reached at once.</param>
    /// <param name="timeout">How long to wait, by the storage's clock, or <see cref="Timeout.InfiniteTimeSpan"/>; by default <see cref="DefaultWait"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes when the read models hold everything up to there, but for what is parked.</returns>
    /// <exception cref="ReadModelLateException">They have not got there in time. The event is stored.</exception>
    /// <exception cref="ProjectionParkedException">The event is held back with what is parked.</exception>
    /// <exception cref="ProjectionFailedException">A projection has stopped at an event.</exception>
    /// <exception cref="ObjectDisposedException">They were stopped before they got there.</exception>
    public Task WaitForAsync(long position, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return WaitForAsync(position, position, timeout ?? DefaultWait, cancellationToken);
    }

    /// <summary>Waits until all of them have dealt with all events of an append: read your own writes.</summary>
    /// <param name="appended">What an append or a command returned.</param>
    /// <param name="timeout">How long to wait, by the storage's clock, or <see cref="Timeout.InfiniteTimeSpan"/>; by default <see cref="DefaultWait"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes when the read models hold everything up to there, but for what is parked.</returns>
    /// <exception cref="ReadModelLateException">They have not got there in time. The events are stored.</exception>
    /// <exception cref="ProjectionParkedException">One of the events is held back with what is parked.</exception>
    /// <exception cref="ProjectionFailedException">A projection has stopped at an event.</exception>
    /// <exception cref="ObjectDisposedException">They were stopped before they got there.</exception>
    public Task WaitForAsync(AppendResult appended, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(appended);
        return WaitForAsync(appended.FirstPosition, appended.Position, timeout ?? DefaultWait, cancellationToken);
    }

    /// <summary>
    /// Waits until all of them have dealt with everything that is in the log at the time of the call: it is in the read
    /// models, or parked for good; nothing is being retried. A projection that has changed is waited for until its new read
    /// model serves, except where it stands by for another version.
    /// </summary>
    /// <param name="timeout">How long to wait, by the storage's clock, or <see cref="Timeout.InfiniteTimeSpan"/>; by default <see cref="DefaultWait"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The position that they have reached.</returns>
    /// <exception cref="ReadModelOfAnotherLogException">A read model was made from another log: it has seen more than this one has.</exception>
    /// <exception cref="ReadModelLateException">They have not got there in time.</exception>
    /// <exception cref="ProjectionParkedException">Something of a new read model is parked for good, so that it does not take its place.</exception>
    /// <exception cref="ProjectionFailedException">A projection has stopped at an event.</exception>
    /// <exception cref="ObjectDisposedException">They were stopped before they got there.</exception>
    public async Task<long> CatchUpAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var head = await Store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var patience = timeout ?? DefaultWait;
        var began = Clock.GetTimestamp();
        await WaitUntilInPlaceAsync(patience, cancellationToken).ConfigureAwait(false);
        foreach (var supervisor in Supervisors) await new ReadModelWait(Store, supervisor.Name).ThrowIfAheadAsync(cancellationToken).ConfigureAwait(false);
        if (patience != Timeout.InfiniteTimeSpan)
        {
            patience -= Clock.GetElapsedTime(began);
            if (patience < TimeSpan.Zero) patience = TimeSpan.Zero;
        }

        await WaitForAsync(first: 0, head, patience, cancellationToken).ConfigureAwait(false);
        return head;
    }

    /// <summary>Waits until what was started here is what serves.</summary>
    private protected virtual Task WaitUntilInPlaceAsync(TimeSpan timeout, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Stops them where they stand; each finishes or abandons the batch it is at, whole. A handler that does not end within
    /// <see cref="ProjectionOptions.StopTimeout"/> although its token is cancelled is given up: see <see cref="Abandoned"/>. It
    /// is done once, and all that call it wait for that.
    /// </summary>
    /// <returns>A task that completes when all have stopped or were given up. It does not throw for those that had failed: see <see cref="Completion"/>.</returns>
    /// <exception cref="InvalidOperationException">The call comes from within a handler of one of them, and would wait for itself.</exception>
    public ValueTask DisposeAsync()
    {
        Store.AppCode.ThrowIfWithin("dispose what runs it", _host);
        GC.SuppressFinalize(this);
        return new ValueTask(_disposal.RunAsync());
    }

    /// <summary>
    /// Waits until the place of each in the log is stored; throws what kept one from it. What stops one after that is
    /// told by <see cref="Completion"/> and by the waits alone, however soon it comes.
    /// </summary>
    internal async Task PlacedAsync()
    {
        foreach (var supervisor in Supervisors)
        {
            await Task.WhenAny(supervisor.Placed, supervisor.Completion).ConfigureAwait(false);
            if (!supervisor.Placed.IsCompleted) await supervisor.Completion.ConfigureAwait(false);
        }
    }

    private async Task DisposeOnceAsync()
    {
        // What the app has registered with the token may hang as well as a handler.
        var stopped = Task.WhenAll([_stop.CancelAsync(), .. Supervisors.Select(supervisor => supervisor.Completion)]);
        if (!await StopLimit.EndsWithinAsync(stopped, _stopTimeout).ConfigureAwait(false)) await GiveUpAsync(stopped).ConfigureAwait(false);
        _poller.EndWatch();
        StartedSubscribers.Of(Store).Remove([.. Supervisors.Select(supervisor => supervisor.Subscriber)]);

        // It says good-bye by a commit, which a storage that does not answer would keep for ever.
        var goodbye = _host.DisposeAsync().AsTask();
        var patience = _host.GivenUp.IsCancellationRequested ? StopLimit.Grace : _stopTimeout;
        if (await StopLimit.EndsWithinAsync(goodbye, patience).ConfigureAwait(false)) await goodbye.ConfigureAwait(false);
        Store.Unregister(this);
        if (Abandoned.Count > 0) return; // they may still use it
        _feed.Dispose();
        _stop.Dispose();
    }

    private async Task GiveUpAsync(Task stopped)
    {
        // From here on nothing of them is committed, so what is listed is never stored.
        _ = _host.GiveUpAsync();
        var now = Clock.GetUtcNow();
        var handlers = Supervisors.SelectMany(supervisor => supervisor.Handlers).ToList();
        await StopLimit.EndsWithinAsync(stopped, StopLimit.Grace).ConfigureAwait(false);
        var silent = Supervisors.Where(s => !s.Completion.IsCompleted && !handlers.Exists(handler => handler.Name == s.Name));
        handlers.AddRange(silent.Select(s => new AbandonedHandler(s.Name, s.Serving?.Position ?? s.Building?.Position ?? 0, now)).ToList());
        Abandoned = handlers;
        foreach (var handler in handlers)
            EventSourcingLog.Instance.HandlerAbandoned(handler.Name, handler.Position, handler.Since.ToString("O", System.Globalization.CultureInfo.InvariantCulture));
        foreach (var supervisor in Supervisors)
        {
            var mine = handlers.Where(handler => handler.Name == supervisor.Name).ToList();
            if (mine.Count > 0) supervisor.Abandon(new HandlerAbandonedException(_stopTimeout, mine));
        }
    }

    private async Task WaitForAsync(long first, long last, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            // As they end, so that one which fails is not hidden behind one which is still busy.
            await foreach (var ended in Task.WhenEach(Supervisors.Select(WaitAsync)).ConfigureAwait(false)) await ended.ConfigureAwait(false);
        }
        finally
        {
            await abandon.CancelAsync().ConfigureAwait(false);
        }

        Task WaitAsync(Supervisor supervisor) =>
            new ReadModelWait(Store, supervisor.Name).WaitAsync(first, last, timeout, () => FaultOf(supervisor), supervisor.Subscriber, abandon.Token, supervisor.Placed, supervisor.Completion);
    }

    /// <summary>What keeps a projection from going on; null where nothing does.</summary>
    private Exception? FaultOf(Supervisor supervisor) =>
        supervisor.Completion.Exception?.InnerException
        ?? (supervisor.Completion.IsCompleted ? new ObjectDisposedException(GetType().Name, $"'{supervisor.Name}' was stopped before it got there.") : null)
        ?? (supervisor.Serving is { State: ProjectionState.Retrying, LastError: EventSourcingException and not ProjectionFailedException and var failure } ? failure : null)
        ?? supervisor.LastError;

    private async Task FirstEndAsync()
    {
        await foreach (var ended in Task.WhenEach(Supervisors.Select(supervisor => supervisor.Completion)).ConfigureAwait(false)) await ended.ConfigureAwait(false);
    }
}

/// <summary>
/// Projections running in the background: they catch up with the log and stay level with it until disposed. The same
/// projection may be started in several processes: one runs it, the others take over when that one is gone.
/// </summary>
public sealed class RunningProjections : RunningSubscribers
{
    /// <summary>How often a projection is started again for one rebuild.</summary>
    private const int MostRestarts = 5;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(50);

    internal RunningProjections(EventStore store, IReadOnlyList<Projection> projections, ProjectionOptions options)
        : base(store, projections, options)
    {
    }

    /// <summary>
    /// Folds the log afresh into a new read model beside the one that serves, which it then replaces at one stroke. It goes
    /// on after a crash, and whoever waits for it or not. Readers see the old one until then. As long as something of the new
    /// one is parked it does not take that place: resume or skip it (<see cref="ProjectionAdmin"/>). A projection that has
    /// stopped with a failure is started again for it.
    /// </summary>
    /// <param name="projection">The projection's name.</param>
    /// <param name="progress">Is told how far it is, several times a second.</param>
    /// <param name="cancellationToken">Ends the wait, not the rebuild.</param>
    /// <returns>A task that completes when the new read model serves.</returns>
    /// <exception cref="ArgumentException">No projection of that name was started here.</exception>
    /// <exception cref="ProjectionFailedException">The new read model fails on an event and stops; the old one serves on.</exception>
    /// <exception cref="ProjectionParkedException">Something of the new read model is parked for good. It takes its place once that is resumed or skipped.</exception>
    /// <exception cref="ObjectDisposedException">The projections were stopped before it was done.</exception>
    public async Task RebuildAsync(string projection, IProgress<RebuildProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var supervisor = Supervisors.FirstOrDefault(s => s.Name == projection) ?? throw new ArgumentException($"No projection named '{projection}' was started here; these were: {string.Join(", ", Supervisors.Select(s => s.Name))}.", nameof(projection));
        var documents = new ControlDocuments(Store.Storage.ReadModels);
        var number = 0;
        while (number == 0)
        {
            var order = Store.Signals.NextOrderOf(projection);
            var directory = await FindOrRestoreAsync(documents, supervisor, cancellationToken).ConfigureAwait(false);
            if (directory is null)
            {
                // It has only just been started: there is nothing that it could be built beside yet.
                await NextLookAsync(supervisor, order, Poll, cancellationToken).ConfigureAwait(false);
                continue;
            }

            try
            {
                var subscriber = (Projection)supervisor.Subscriber;
                number = await Supervisor.BuildAsync(Store, documents, subscriber, subscriber.FingerprintOn(Store), directory, cancellationToken).ConfigureAwait(false);
                StartAgain(supervisor);
            }
            catch (ReadModelConflictException)
            {
                // Somebody else has changed it: once more, on what is there now.
            }
        }

        for (var restarts = 0; ;)
        {
            var order = Store.Signals.NextOrderOf(projection);
            var directory = await documents.FindAsync<DirectoryRecord>(ControlDocuments.Directory, projection, cancellationToken).ConfigureAwait(false);
            var head = await Store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
            if (directory!.Content.Active >= number)
            {
                progress?.Report(new RebuildProgress(head, head, 0));
                return;
            }

            if (supervisor.Completion.IsFaulted && supervisor.FailedGeneration < number && restarts++ < MostRestarts)
            {
                // It was the read model to be replaced that has failed, after the rebuild was ordered.
                StartAgain(supervisor);
                continue;
            }

            if (supervisor.Completion.IsCompleted)
            {
                await supervisor.Completion.ConfigureAwait(false);
                throw new ObjectDisposedException(nameof(RunningProjections), $"'{projection}' was stopped before its rebuild was done. It goes on when it is started again.");
            }

            if (supervisor.Building is { } building)
            {
                progress?.Report(new RebuildProgress(building.Position, head, building.Speed) { Parked = building.ParkedCount });
                if (building is { State: ProjectionState.Failed, LastError: { } error }) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
                if (building.ParkedCount > 0) await ThrowIfParkedForGoodAsync(documents, projection, number, cancellationToken).ConfigureAwait(false);
            }

            await NextLookAsync(supervisor, order, ProgressInterval, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What is recorded of a projection, or what can still be told if the record is lost; null if it has not been started yet.</summary>
    private static async ValueTask<Kept<DirectoryRecord>?> FindOrRestoreAsync(ControlDocuments documents, Supervisor supervisor, CancellationToken cancellationToken)
    {
        try
        {
            var found = await documents.FindAsync<DirectoryRecord>(ControlDocuments.Directory, supervisor.Name, cancellationToken).ConfigureAwait(false);
            if (found is not null || supervisor.Completion.Exception?.InnerException is not ReadModelDamagedException) return found;
        }
        catch (ReadModelDamagedException)
        {
            // That is what the rebuild is to get past.
        }

        return await documents.RestoreDirectoryAsync((Projection)supervisor.Subscriber, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits until each read model that serves is of the projection started here; throws where one cannot be.</summary>
    internal async Task PutInPlaceAsync(CancellationToken cancellationToken)
    {
        await WaitUntilInPlaceAsync(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
        foreach (var supervisor in Supervisors)
        {
            if (supervisor.Completion.IsCompleted) await supervisor.Completion.ConfigureAwait(false);
            if (supervisor.Idle == ProjectionState.Replaced)
                throw new InvalidOperationException($"'{supervisor.Name}' cannot run inline: another version of it serves, and is running in another process. Nothing was changed. Stop that one first, or start this version in the background, which stands by.");
        }
    }

    private protected override async Task WaitUntilInPlaceAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var documents = new ControlDocuments(Store.Storage.ReadModels);
        var began = Clock.GetTimestamp();
        foreach (var supervisor in Supervisors)
        {
            var fingerprint = ((Projection)supervisor.Subscriber).FingerprintOn(Store);
            while (supervisor.Idle != ProjectionState.Replaced)
            {
                Kept<DirectoryRecord>? directory = null;
                var order = Store.Signals.NextOrderOf(supervisor.Name);
                var isPlaced = supervisor.Placed.IsCompleted;
                try
                {
                    directory = await documents.FindAsync<DirectoryRecord>(ControlDocuments.Directory, supervisor.Name, cancellationToken).ConfigureAwait(false);
                }
                catch (ReadModelDamagedException) when (!isPlaced)
                {
                    // Another version than the last one makes the record anew as it starts; any other fails with this.
                }

                directory?.Content.ThrowIfOfAnother(supervisor.Subscriber);
                if (directory?.Content.ActiveGeneration?.Fingerprint == fingerprint) break;
                if (supervisor.Completion.IsCompleted) break; // the wait for the position says why
                if (supervisor.Building is { ParkedCount: > 0 } building) await ThrowIfParkedForGoodAsync(documents, supervisor.Name, building.Generation, cancellationToken).ConfigureAwait(false);
                if (timeout != Timeout.InfiniteTimeSpan && Clock.GetElapsedTime(began) >= timeout)
                {
                    var (head, reached) = (await Store.GetHeadAsync(cancellationToken).ConfigureAwait(false), supervisor.Building?.Position ?? 0);
                    var state = supervisor.Building is { } unplaced
                        ? $"has not been replaced by the new one, which is built up to position {reached} of {head} and has {unplaced.ParkedCount} parked,"
                        : "has not been replaced by the new one, which is not being built in this process,";
                    throw new ReadModelLateException(supervisor.Name, head, reached, timeout, state);
                }

                await NextLookAsync(supervisor, order, Poll, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits until it is worth looking again: something was ordered or done, it has ended, or a while has passed.</summary>
    private async ValueTask NextLookAsync(Supervisor supervisor, Task order, TimeSpan pause, CancellationToken cancellationToken)
    {
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var delay = Task.Delay(pause, Clock, abandon.Token);

        // One that has ended is looked at again only after the pause: it may be about to be started again.
        var ended = supervisor.Completion.IsCompleted ? delay : supervisor.Completion;
        await Task.WhenAny(order, ended, delay).ConfigureAwait(false);
        await abandon.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static async ValueTask ThrowIfParkedForGoodAsync(ControlDocuments documents, string projection, int generation, CancellationToken cancellationToken)
    {
        var parked = await documents.ListAsync<ParkedRecord>(ControlDocuments.Parked, projection, cancellationToken).ConfigureAwait(false);
        if (parked.FirstOrDefault(p => p.Content.Generation == generation && p.Content is { RetryAt: null, Skip: null }) is { } first)
            throw new ProjectionParkedException(ProjectionAdmin.Describe(first), first.Content.Position);
    }
}

/// <summary>
/// Reactors running in the background until disposed. The same reactor may be started in several processes: one runs it,
/// the others take over when that one is gone.
/// </summary>
public sealed class RunningReactors : RunningSubscribers
{
    internal RunningReactors(EventStore store, IReadOnlyList<Reactor> reactors, ProjectionOptions options)
        : base(store, reactors, options)
    {
    }
}
