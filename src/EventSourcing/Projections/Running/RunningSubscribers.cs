using System.Globalization;
using System.Runtime.ExceptionServices;

namespace EventSourcing;

/// <summary>Projections or reactors that run in the background until disposed. Thread-safe.</summary>
public abstract class RunningSubscribers : IAsyncDisposable
{
    /// <summary>How long a wait for a position lasts if no time is given.</summary>
    public static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly LeaseHolder _holder;
    private readonly LogFeed _feed;
    private readonly JointWait _wait;
    private readonly Disposal _disposal;
    private readonly TimeSpan _stopTimeout;
    private readonly ControlPoller _poller;
    private readonly IReadOnlyList<Task> _restarts;
    private readonly Lock _starting = new();

    private protected RunningSubscribers(EventStore store, IReadOnlyList<Subscriber> subscribers, ProjectionOptions options)
    {
        Store = store;
        StartedSubscribers.Of(store).Add(subscribers);
        _disposal = new Disposal(DisposeOnceAsync);
        _stopTimeout = options.StopTimeout;
        _holder = new LeaseHolder(store, options.LeaseDuration);
        _feed = new LogFeed(store, subscribers.Select(subscriber => subscriber.FilterFor(store)).Aggregate((all, one) => all.Or(one)));
        Supervisors = [.. subscribers.Select(subscriber => new Supervisor(store, subscriber, _feed, _holder, options))];
        _wait = new JointWait(store, Supervisors, GetType().Name);
        _poller = ControlPoller.Of(store);
        store.Lifetime.Register(this);
        _poller.BeginWatch();
        store.Diagnostics.Prepare();
        foreach (var supervisor in Supervisors) supervisor.Start(_stop.Token);
        var restarts = Supervisors.Select(supervisor => new OrderedRestart(store, supervisor, again => StartAgain(again)));
        _restarts = [.. restarts.Select(restart => BackgroundTask.Start(() => restart.WatchAsync(_stop.Token)))];
        Completion = JointWait.ThrowFirstAsync(Supervisors.Select(supervisor => supervisor.Completion)).ToldElsewhere();
    }

    /// <summary>
    /// Fails with the first failure of any of them, as soon as that one stops; completes when all were stopped by disposal. If the disposal
    /// gave up a handler (<see cref="Abandoned"/>), it fails with <see cref="HandlerAbandonedException"/>. Watch it: one that has stopped
    /// falls behind until it is started again.
    /// </summary>
    public Task Completion { get; }

    /// <summary>The names of those that were started here, in that order.</summary>
    public IReadOnlyList<string> Names => [.. Supervisors.Select(supervisor => supervisor.Name)];

    /// <summary>
    /// The same as <see cref="Completion"/> for one of them: it fails when that one fails. After <see cref="StartAgain(string)"/> it is
    /// another task.
    /// </summary>
    /// <param name="name">The name of a projection or reactor that was started here.</param>
    /// <returns>The task.</returns>
    /// <exception cref="ArgumentException">None of that name was started here.</exception>
    public Task CompletionOf(string name) => Find(name).Completion;

    /// <summary>
    /// Starts a projection or reactor again in this process after it has failed. It goes on where it was. If an order has stopped it, it
    /// stays stopped.
    /// </summary>
    /// <param name="name">The name of a projection or reactor that was started here.</param>
    /// <returns><see langword="false"/> if it has not failed, or if they are being stopped.</returns>
    /// <exception cref="ArgumentException">None of that name was started here.</exception>
    public bool StartAgain(string name) => StartAgain(Find(name));

    /// <summary>
    /// The handlers that had not returned when disposal stopped waiting for them (<see cref="ProjectionOptions.StopTimeout"/>). Empty
    /// before disposal, and if all have returned. They are also in the log of the event source "EventSourcing".
    /// </summary>
    public IReadOnlyList<AbandonedHandler> Abandoned { get; private set; } = [];

    private protected EventStore Store { get; }

    /// <summary>The one clock of everything that runs on the store.</summary>
    private protected TimeProvider Clock => Store.Storage.Options.TimeProvider;

    /// <summary>Starts one again that has failed. The read model that failed may stay behind, if another one takes its place.</summary>
    private protected bool StartAgain(Supervisor supervisor)
    {
        lock (_starting)
        {
            if (!supervisor.Completion.IsFaulted || _disposal.HasBegun) return false;
            supervisor.Start(_stop.Token);
            return true;
        }
    }

    private Supervisor Find(string name) =>
        Supervisors.FirstOrDefault(supervisor => supervisor.Name == name)
        ?? throw new ArgumentException($"Nothing named '{name}' was started here; these were: {string.Join(", ", Names)}.", nameof(name));

    private protected IReadOnlyList<Supervisor> Supervisors { get; }

    /// <summary>How often the log was read for all that were level with it: once per page, however many there are.</summary>
    internal long SharedReads => _feed.SharedReads;

    /// <summary>The status of each, in the order in which they were started.</summary>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <returns>The status of each.</returns>
    public async Task<IReadOnlyList<ProjectionStatus>> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var reader = new StatusReader(Store);
        var list = new List<ProjectionStatus>(Supervisors.Count);
        foreach (var supervisor in Supervisors) list.Add(await reader.ReadAsync(supervisor, cancellationToken).ConfigureAwait(false));
        return list;
    }

    /// <summary>
    /// Waits until all of them have handled an event: read your own writes. Any error that prevents one of them from getting there fails
    /// the wait at once.
    /// </summary>
    /// <param name="position">The event's position; 0 is reached at once.</param>
    /// <param name="timeout">
    /// How long to wait, by the storage's clock, or <see cref="Timeout.InfiniteTimeSpan"/>; by default <see cref="DefaultWait"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes when the read models hold everything up to the position, except what is parked.</returns>
    /// <exception cref="ReadModelLateException">They have not reached the position in time. The event is stored.</exception>
    /// <exception cref="ProjectionParkedException">The event is held back in a parked stream or document.</exception>
    /// <exception cref="ProjectionFailedException">A projection has stopped at an event.</exception>
    /// <exception cref="ProjectionStoppedException">An order has stopped one of them before it got there.</exception>
    /// <exception cref="ObjectDisposedException">They were stopped before they got there.</exception>
    public Task WaitForAsync(long position, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return _wait.ForAsync(position, position, timeout ?? DefaultWait, cancellationToken);
    }

    /// <summary>Waits until all of them have handled all events of an append: read your own writes.</summary>
    /// <param name="appended">What an append or a command returned.</param>
    /// <param name="timeout">
    /// How long to wait, by the storage's clock, or <see cref="Timeout.InfiniteTimeSpan"/>; by default <see cref="DefaultWait"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes when the read models hold everything up to the last event, except what is parked.</returns>
    /// <exception cref="ReadModelLateException">They have not reached the events in time. The events are stored.</exception>
    /// <exception cref="ProjectionParkedException">One of the events is held back in a parked stream or document.</exception>
    /// <exception cref="ProjectionFailedException">A projection has stopped at an event.</exception>
    /// <exception cref="ProjectionStoppedException">An order has stopped one of them before it got there.</exception>
    /// <exception cref="ObjectDisposedException">They were stopped before they got there.</exception>
    public Task WaitForAsync(AppendResult appended, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(appended);
        return _wait.ForAsync(appended.FirstPosition, appended.Position, timeout ?? DefaultWait, cancellationToken);
    }

    /// <summary>
    /// Waits until all of them have handled everything that is in the log at the time of the call: it is in the read models, or parked for
    /// good, and nothing is being retried. For a projection that has changed, it waits until the new read model serves, unless the
    /// projection stands by for another version. Any error that prevents one of them from getting there fails the wait at once.
    /// </summary>
    /// <param name="timeout">
    /// How long to wait, by the storage's clock, or <see cref="Timeout.InfiniteTimeSpan"/>; by default <see cref="DefaultWait"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The position that they have reached.</returns>
    /// <exception cref="ReadModelOfAnotherLogException">
    /// A read model was made from another log: it has seen more events than this log has.
    /// </exception>
    /// <exception cref="ReadModelLateException">They have not got there in time.</exception>
    /// <exception cref="ProjectionParkedException">
    /// Something of a new read model is parked for good, so the new read model does not take its place.
    /// </exception>
    /// <exception cref="ProjectionFailedException">A projection has stopped at an event.</exception>
    /// <exception cref="ProjectionStoppedException">An order has stopped one of them before it got there.</exception>
    /// <exception cref="StoreBusyException">Another process held the write lock for too long. They try again.</exception>
    /// <exception cref="StorageFailedException">The medium failed, for example because the disk is full. They try again.</exception>
    /// <exception cref="ObjectDisposedException">They were stopped before they got there.</exception>
    public async Task<long> CatchUpAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var patience = timeout ?? DefaultWait;
        if (patience != Timeout.InfiniteTimeSpan) ArgumentOutOfRangeException.ThrowIfLessThan(patience, TimeSpan.Zero, nameof(timeout));
        var head = await Store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var began = Clock.GetTimestamp();
        await WaitUntilInPlaceAsync(patience, cancellationToken).ConfigureAwait(false);
        foreach (var supervisor in Supervisors)
            await new ReadModelWait(Store, supervisor.Name).ThrowIfAheadAsync(cancellationToken).ConfigureAwait(false);
        if (patience != Timeout.InfiniteTimeSpan)
        {
            patience -= Clock.GetElapsedTime(began);
            if (patience < TimeSpan.Zero) patience = TimeSpan.Zero;
        }

        await _wait.ForAsync(first: 0, head, patience, cancellationToken).ConfigureAwait(false);
        return head;
    }

    /// <summary>Waits until the read models of what was started here serve.</summary>
    private protected virtual Task WaitUntilInPlaceAsync(TimeSpan timeout, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Stops them; each finishes or abandons its current batch as a whole. A handler that does not end within
    /// <see cref="ProjectionOptions.StopTimeout"/> although its token is cancelled is given up: see <see cref="Abandoned"/>. They are
    /// stopped once; every call waits for that.
    /// </summary>
    /// <returns>
    /// A task that completes when all have stopped or were given up. It does not throw for those that had failed: see <see
    /// cref="Completion"/>.
    /// </returns>
    /// <exception cref="InvalidOperationException">
    /// The call comes from within a handler of one of them, and would wait for itself.
    /// </exception>
    public ValueTask DisposeAsync()
    {
        Store.AppCode.ThrowIfWithin("dispose what runs it", _holder);
        GC.SuppressFinalize(this);
        return new ValueTask(_disposal.RunAsync());
    }

    /// <summary>
    /// Waits until the place of each in the log is stored; throws the error that prevented it, even if it is being tried again. Later
    /// errors are only reported by <see cref="Completion"/> and by the waits, however soon they come.
    /// </summary>
    internal async Task PlacedAsync()
    {
        foreach (var supervisor in Supervisors)
        {
            await Task.WhenAny(supervisor.Placed, supervisor.Completion, supervisor.Hindered).ConfigureAwait(false);
            if (supervisor.Placed.IsCompleted) continue;
            if (supervisor.Completion.IsCompleted) await supervisor.Completion.ConfigureAwait(false);
            else ExceptionDispatchInfo.Throw(await supervisor.Hindered.ConfigureAwait(false));
        }
    }

    private async Task DisposeOnceAsync()
    {
        // Callbacks that the app has registered with the token may hang just like a handler.
        // From here on none is started again.
        Task stopped;
        lock (_starting)
            stopped = Task.WhenAll([_stop.CancelAsync(), .. _restarts, .. Supervisors.Select(supervisor => supervisor.Completion)]);
        if (!await StopLimit.EndsWithinAsync(stopped, _stopTimeout).ConfigureAwait(false)) await GiveUpAsync(stopped).ConfigureAwait(false);
        _poller.EndWatch();
        StartedSubscribers.Of(Store).Remove([.. Supervisors.Select(supervisor => supervisor.Subscriber)]);

        // It removes its record by a commit. If the storage does not answer, that would never end.
        var removal = _holder.DisposeAsync().AsTask();
        var patience = _holder.GivenUp.IsCancellationRequested ? StopLimit.Grace : _stopTimeout;
        if (await StopLimit.EndsWithinAsync(removal, patience).ConfigureAwait(false)) await removal.ConfigureAwait(false);
        Store.Lifetime.Unregister(this);
        if (Abandoned.Count > 0) return; // they may still use it
        _feed.Dispose();
        _stop.Dispose();
    }

    private async Task GiveUpAsync(Task stopped)
    {
        // From here on they commit nothing, so what is listed is never stored.
        _ = _holder.GiveUpAsync().ToldElsewhere();
        var now = Clock.GetUtcNow();
        var handlers = Supervisors.SelectMany(supervisor => supervisor.Handlers).ToList();
        await StopLimit.EndsWithinAsync(stopped, StopLimit.Grace).ConfigureAwait(false);
        var silent = Supervisors.Where(s => !s.Completion.IsCompleted && !handlers.Exists(handler => handler.Name == s.Name));
        handlers.AddRange(silent.Select(s => new AbandonedHandler(s.Name, (s.Serving ?? s.Building)?.Report.Position ?? 0, now)).ToList());
        Abandoned = handlers;
        foreach (var handler in handlers)
        {
            var since = handler.Since.ToString("O", CultureInfo.InvariantCulture);
            EventSourcingLog.Instance.HandlerAbandoned(handler.Name, handler.Position, since);
            new SubscriberNotices(Store, handler.Name).Tell(StoreNoticeKind.HandlerAbandoned, handler.Position);
        }

        foreach (var supervisor in Supervisors)
        {
            var mine = handlers.Where(handler => handler.Name == supervisor.Name).ToList();
            if (mine.Count > 0) supervisor.Abandon(new HandlerAbandonedException(_stopTimeout, mine));
        }
    }
}
