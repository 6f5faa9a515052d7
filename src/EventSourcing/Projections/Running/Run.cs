namespace EventSourcing;

/// <summary>
/// Runs one generation of a projection, or a reactor, in this process: waits until it is this one's turn, folds batch
/// after batch, and commits each with the position reached. Every commit is guarded by the run's document, so that it
/// takes effect once, whatever crashes, and only by whoever owns the run.
/// </summary>
internal sealed partial class Run
{
    private const int MaxBatchBytes = 4 * 1024 * 1024;
    private const int PartitionScan = 20_000;
    private static readonly TimeSpan LazyMove = TimeSpan.FromMilliseconds(250);

    private readonly EventStore _store;
    private readonly Subscriber _subscriber;
    private readonly LogFeed _feed;
    private readonly Host _host;
    private readonly ProjectionOptions _options;
    private readonly ControlDocuments _documents;
    private readonly OwnerWatch _watch;
    private readonly ControlPoller _poller;
    private readonly TimeProvider _clock;
    private readonly RetrySchedule _retries;
    private readonly EventFilter _filter;
    private readonly int _maxBatchEvents;

    // Used by the run alone.
    private Kept<RunRecord>? _run;
    private Dictionary<string, Parked> _parked = new(StringComparer.Ordinal);
    private ParkedSet _parkedSet = ParkedSet.Empty;
    private long _position;
    private Task<FeedPage>? _ahead;
    private (long Position, Guid Id) _seen;
    private (long Position, int Attempts) _stopped;
    private Task? _order;
    private long _signedAt;
    private long _movedAt;

    // Seen by others.
    private long _seenPosition;
    private long _beganAtPosition;
    private long _beganAt;
    private volatile bool _hasBegun;

    public Run(EventStore store, Subscriber subscriber, int generation, bool isBuilding, LogFeed feed, Host host, ProjectionOptions options)
    {
        _store = store;
        _subscriber = subscriber;
        _feed = feed;
        _host = host;
        _options = options;
        _documents = new ControlDocuments(store.Storage.ReadModels);
        _clock = store.Storage.Options.TimeProvider;
        _retries = RetrySchedule.Of(options.RetryDelays);
        _watch = new OwnerWatch(_documents, options.LeaseDuration, _clock);
        _poller = ControlPoller.Of(store);
        Watch = new HandlerWatch(_clock);
        _filter = subscriber.FilterFor(store);
        _maxBatchEvents = Math.Min(options.MaxBatchEvents, subscriber.MaxBatchEvents);
        Generation = generation;
        IsBuilding = isBuilding;
    }

    public int Generation { get; }

    public bool IsBuilding { get; private set; }

    public ProjectionState State { get; private set; } = ProjectionState.Starting;

    public Exception? LastError { get; private set; }

    public int ParkedCount { get; private set; }

    /// <summary>At which events its handlers are.</summary>
    public HandlerWatch Watch { get; }

    public long Position => Volatile.Read(ref _seenPosition);

    /// <summary>How many positions it has passed per second in this process.</summary>
    public double Speed => _hasBegun
        ? (Position - Volatile.Read(ref _beganAtPosition)) / Math.Max(0.001, _clock.GetElapsedTime(Volatile.Read(ref _beganAt)).TotalSeconds)
        : 0;

    private string Key => ControlDocuments.RunKey(_subscriber.Name, Generation);

    private IReadModelStorage Storage => _store.Storage.ReadModels;

    /// <summary>Runs until stopped, or until the generation is no more.</summary>
    /// <exception cref="ProjectionFailedException">An event failed, and the run is to stop at such.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (!await HoldAsync(stop).ConfigureAwait(false)) break;

                // That the run could be read is no success yet: a storage may go on reading and refuse every commit.
                await FollowAsync(() => failures = 0, stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (ReadModelConflictException)
            {
                // Something that this run relied on was changed by another: read it all again.
            }
            catch (EventSourcingException failure) when (failure is StoreBusyException or StorageFailedException { IsTransient: true })
            {
                LastError = failure;
                State = ProjectionState.Retrying;
                var pause = RetrySchedule.OfStorage.PauseAfter(++failures)!.Value;
                await Task.Delay(pause, _clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception failure)
            {
                LastError = failure;
                State = ProjectionState.Failed;
                await DropAheadAsync().ConfigureAwait(false);
                await ReleaseAsync().ConfigureAwait(false);
                throw;
            }
            finally
            {
                LetAppendsGoOn();
                _host.Rest(this);
            }

            await DropAheadAsync().ConfigureAwait(false);
        }

        await DropAheadAsync().ConfigureAwait(false);
        await ReleaseAsync().ConfigureAwait(false);
        State = ProjectionState.Stopped;
    }

    /// <summary>Waits until this host owns the run, and reads where it stands; false where there is no such run any more.</summary>
    private async ValueTask<bool> HoldAsync(CancellationToken stop)
    {
        ControlView? view = null;
        while (true)
        {
            var order = _store.Signals.NextOrderOf(_subscriber.Name);
            var run = view is null
                ? await _documents.FindAsync<RunRecord>(ControlDocuments.Runs, Key, stop).ConfigureAwait(false)
                : view.Runs.GetValueOrDefault(Key);
            if (run is null && view is not null)
            {
                // What this look has not found may be there and damaged: ask for it alone.
                view = null;
                continue;
            }

            if (run is null)
            {
                var directory = await _documents.FindAsync<DirectoryRecord>(ControlDocuments.Directory, _subscriber.Name, stop).ConfigureAwait(false);
                if (directory?.Content.Find(Generation) is not { State: not GenerationState.Replaced }) return false;
                throw ReadModelWait.Missing(_subscriber.Name, Generation);
            }

            if (IsBuilding) await SeeIfInPlaceAsync(stop).ConfigureAwait(false);
            if (run.Content.Owner == _host.Id)
            {
                await TakeUpAsync(run, stop).ConfigureAwait(false);
                return true;
            }

            if (view is null ? await _watch.IsCertainlyGoneAsync(run, stop).ConfigureAwait(false) : _watch.IsGone(run, view))
            {
                view = null;
                await _host.BeginAsync(stop).ConfigureAwait(false);
                var fingerprint = run.Content.Fingerprint ?? (_subscriber as Projection)?.FingerprintOn(_store);
                var claim = run.Content with { Owner = _host.Id, Token = run.Content.Token + 1, Fingerprint = fingerprint };
                var change = ControlDocuments.Write(ControlDocuments.Runs, Key, claim);
                await Storage.CommitAsync(new ReadModelCommit { Guards = [run.Guard], Changes = [change, _host.NextSign()] }, stop).ConfigureAwait(false);
                continue;
            }

            State = ProjectionState.Standby;
            Publish(run.Content.Position);
            var look = _poller.NextAsync(_options.LeaseDuration);
            await Task.WhenAny(look, order).WaitAsync(stop).ConfigureAwait(false);
            view = look.IsCompleted ? await look.ConfigureAwait(false) : null;
        }
    }

    /// <summary>
    /// While this one stood by, another may have put the generation in its place; or this one itself, by a commit of which
    /// it did not hear. Only the owner can, so to whoever looks after it has seen itself as the owner this stays true.
    /// </summary>
    private async ValueTask SeeIfInPlaceAsync(CancellationToken stop)
    {
        var directory = await _documents.FindAsync<DirectoryRecord>(ControlDocuments.Directory, _subscriber.Name, stop).ConfigureAwait(false);
        IsBuilding = directory?.Content.Active != Generation;
    }

    private async ValueTask TakeUpAsync(Kept<RunRecord> run, CancellationToken stop)
    {
        if (_run is null)
        {
            await LogWitness.CheckAsync(_store, _subscriber.Name, run.Content, stop).ConfigureAwait(false);

            // A read model that is damaged is to be known at the start, and not only with the next event.
            if (_subscriber is Projection projection) await projection.ProbeAsync(_store, projection.ModelOf(Generation), stop).ConfigureAwait(false);
        }

        _run = run;
        _order = null;
        _host.Work(this, _clock.GetTimestamp());
        _position = run.Content.Position;
        if (!_hasBegun)
        {
            Volatile.Write(ref _beganAtPosition, _position);
            Volatile.Write(ref _beganAt, _clock.GetTimestamp());
            _hasBegun = true;
        }

        await ReadParkedAsync(stop).ConfigureAwait(false);
        Publish(_position);
        State = ProjectionState.CatchingUp;
    }

    private async ValueTask FollowAsync(Action succeeded, CancellationToken stop)
    {
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            await AttendToParkedAsync(stop).ConfigureAwait(false);
            var page = await NextPageAsync(stop).ConfigureAwait(false);
            if (page.Next > _position)
            {
                if (page.Events.Count == 0) await MoveAsync(page.Next, stop).ConfigureAwait(false);
                else if (!await TryApplyAsync(page, stop).ConfigureAwait(false)) continue;
                succeeded();
                if (LastError is StoreBusyException or StorageFailedException || State == ProjectionState.Retrying) LastError = null;
                if (!page.IsEnd || State == ProjectionState.Retrying) State = ProjectionState.CatchingUp;
                continue;
            }

            if (IsBuilding && await TryPutInPlaceAsync(stop).ConfigureAwait(false)) continue;
            succeeded();
            State = ProjectionState.Live;
            await WaitAsync(stop).ConfigureAwait(false);
        }
    }

    /// <summary>The events after the position. While a batch is folded, the next one is read and decoded on another core.</summary>
    private async ValueTask<FeedPage> NextPageAsync(CancellationToken stop)
    {
        var ahead = _ahead;
        _ahead = null;
        var page = ahead is null ? null : await ahead.ConfigureAwait(false);
        if (page is null || page.After != _position) page = await ReadAsync(_position, stop).ConfigureAwait(false);
        if (page.IdAtNext is { } id) _seen = (page.Next, id);
        if (!page.IsEnd) _ahead = Task.Run(() => ReadAsync(page.Next, stop).AsTask(), CancellationToken.None);
        return page;
    }

    private ValueTask<FeedPage> ReadAsync(long after, CancellationToken stop) => _feed.ReadAsync(after, _filter, _maxBatchEvents, MaxBatchBytes, stop);

    private async ValueTask DropAheadAsync()
    {
        if (_ahead is not { } ahead) return;
        _ahead = null;
        await ((Task)ahead).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Folds a page and commits it. Where an event fails, what comes before it is committed all the same; false where the
    /// event itself is to be tried again.
    /// </summary>
    private async ValueTask<bool> TryApplyAsync(FeedPage page, CancellationToken stop)
    {
        var events = page.Events;
        var next = page.Next;
        FoldFailure? split = null;
        while (true)
        {
            try
            {
                var fold = await FoldAsync(events, only: null, stop).ConfigureAwait(false);
                if (split is not null) fold = fold with { Failures = [.. fold.Failures, split] };
                if (fold.Failures.Count > 0 && _options.OnFailure == FailureMode.Stop)
                {
                    await StopBeforeAsync(fold.Failures.MinBy(failure => failure.Event.Position)!, events, stop).ConfigureAwait(false);
                    return false;
                }

                if (fold.Failures.Count > 0 && _parked.Count + fold.Failures.Count > _options.MaxParked)
                {
                    await MakeSureItIsMineAsync(stop).ConfigureAwait(false);
                    var last = fold.Failures.MaxBy(failure => failure.Event.Position)!;
                    throw ProjectionFailedException.TooManyParked(_subscriber.Name, last.Event, last.Error, _options.MaxParked);
                }

                // What has been done in the world is done: that is kept also when it is to stop.
                var token = _subscriber.HasEffects ? _host.GivenUp : stop;
                await CommitAsync(fold.Changes, fold.Tables, fold.Reached ?? next, [.. fold.Failures.Select(Park)], token).ConfigureAwait(false);
                return true;
            }
            catch (ProjectionFailedException failure) when (!failure.IsFinal && (split is null || failure.Position < split.Event.Position))
            {
                // Tables cannot be folded past a failure in the same transaction: once more, up to there.
                var e = events.First(candidate => candidate.Position == failure.Position);
                split = new FoldFailure(new Partition(ParkedKind.Stream, e.Stream), e, failure.InnerException ?? failure);
                events = [.. events.TakeWhile(candidate => candidate.Position < failure.Position)];
                next = failure.Position;
            }
        }
    }

    private async ValueTask<Fold> FoldAsync(IReadOnlyList<FeedEvent> events, Partition? only, CancellationToken stop)
    {
        // Before anything is done that cannot be taken back.
        if (_subscriber.HasEffects && !_host.IsFresh(_signedAt)) await MakeSureItIsMineAsync(stop).ConfigureAwait(false);

        var input = new FoldInput(_store, Generation, IsBuilding, events, Storage.LoadAsync, _parkedSet, only, InOrder: _options.OnFailure == FailureMode.Stop) { Watch = Watch };
        if (!_subscriber.HasEffects && events.Count > 0) Watch.BeginBatch(events[0].Position);
        try
        {
            var fold = await HandleAsync(input, stop).ConfigureAwait(false);
            return fold.Tables is { } tables ? fold with { Tables = (connection, token) => RunAsync(tables, events[0].Position, connection, token) } : fold;
        }
        finally
        {
            Watch.EndBatch();
        }
    }

    /// <summary>Runs handlers as what they are: code of the app.</summary>
    private ValueTask<Fold> HandleAsync(FoldInput input, CancellationToken stop) => _store.AppCode.RunAsync(
        _host, $"a handler of '{_subscriber.Name}'", (_subscriber, input, stop), static of => of._subscriber.FoldAsync(of.input, of.stop));

    /// <summary>Runs SQL of the projection within the storage's commit. What comes after it was given up is rolled back.</summary>
    private async ValueTask RunAsync(TableWork tables, long position, System.Data.Common.DbConnection connection, CancellationToken cancellationToken)
    {
        Watch.BeginBatch(position);
        try
        {
            await _store.AppCode.RunAsync(_host, $"a handler of '{_subscriber.Name}'", (tables, connection, cancellationToken), static async of =>
            {
                await of.tables(of.connection, of.cancellationToken).ConfigureAwait(false);
                return true;
            }).ConfigureAwait(false);
            _host.GivenUp.ThrowIfCancellationRequested();
        }
        finally
        {
            Watch.EndBatch();
        }
    }

    /// <summary>
    /// Throws where another has taken over. Whoever has lost the run may also meet documents that are ahead of its events:
    /// what fails on those is no failure.
    /// </summary>
    private ValueTask MakeSureItIsMineAsync(CancellationToken stop) => CommitAsync([], null, _position, [], stop);

    /// <summary>Commits what comes before a failure, then waits before the next try, or gives up.</summary>
    private async ValueTask StopBeforeAsync(FoldFailure failure, IReadOnlyList<FeedEvent> events, CancellationToken stop)
    {
        var position = failure.Event.Position;
        if (position - 1 > _position)
        {
            var before = events.TakeWhile(e => e.Position < position).ToList();
            var fold = before.Count > 0 && !_subscriber.HasEffects ? await FoldAsync(before, only: null, stop).ConfigureAwait(false) : new Fold([], []);
            if (fold.Failures.Count > 0) return; // the next try decides
            await CommitAsync(fold.Changes, fold.Tables, position - 1, [], stop).ConfigureAwait(false);
        }

        _stopped = (position, _stopped.Position == position ? _stopped.Attempts + 1 : 1);
        var typed = ProjectionFailedException.Final(_subscriber.Name, failure.Event, failure.Error);
        LastError = typed;
        if (_retries.PauseAfter(_stopped.Attempts) is not { } pause)
        {
            await MakeSureItIsMineAsync(stop).ConfigureAwait(false);
            throw typed;
        }

        State = ProjectionState.Retrying;
        await Task.Delay(pause, _clock, stop).ConfigureAwait(false);
    }

    /// <summary>Moves on past events that the filter left out. That is worth a transaction only now and then.</summary>
    private async ValueTask MoveAsync(long position, CancellationToken stop)
    {
        if (_position == _run!.Content.Position) _movedAt = _clock.GetTimestamp();
        if (position - _run.Content.Position >= _maxBatchEvents || _clock.GetElapsedTime(_movedAt) >= LazyMove)
        {
            await CommitAsync([], null, position, [], stop).ConfigureAwait(false);
            return;
        }

        _position = position;
        Publish(position);
    }

    /// <summary>Writes changes together with the position and with what is parked or no longer is.</summary>
    private async ValueTask CommitAsync(
        IReadOnlyList<DocumentChange> changes, TableWork? tables, long position, IReadOnlyList<ParkedChange> parked, CancellationToken stop)
    {
        // A handler that was given up may return at any time; another process may have its events by then.
        _host.GivenUp.ThrowIfCancellationRequested();
        var began = _clock.GetTimestamp();
        var count = _parked.Count + parked.Count(p => p.Before is null) - parked.Count(p => p.After is null);
        var mark = await LogWitness.MarkAsync(_store, _run!.Content, position, _seen, stop).ConfigureAwait(false);
        var run = _run.Content with { Position = position, Parked = count, Log = mark, Retries = RetriesAfter(parked) };
        var change = ControlDocuments.Write(ControlDocuments.Runs, Key, run);

        // Sized at once: of a large batch these are large objects, and growing would make several of them.
        var all = new List<DocumentChange>(changes.Count + 1);
        all.AddRange(changes);
        all.Add(change);
        all.AddRange(parked.SelectMany(p => p.Changes));

        // A commit is a sign of life only if others can see that something has changed.
        if (change.Data!.Value.Span.SequenceEqual(_run.Bytes.Span)) all.Add(_host.NextSign());
        var commit = new ReadModelCommit
        {
            Guards = [_run.Guard, .. parked.Where(p => p.Before is not null).Select(p => p.Before!.Guard)],
            Changes = all,
            Tables = tables,
        };
        try
        {
            await Storage.CommitAsync(commit, stop).ConfigureAwait(false);
        }
        catch (ArgumentException refusal) when (refusal.InnerException is ReadModelMismatchException mismatch)
        {
            throw mismatch.AsDamage(refusal);
        }

        _run = new Kept<RunRecord>(ControlDocuments.Runs, Key, change.Data!.Value, run);
        _position = position;
        _signedAt = began;
        _host.Work(this, began);
        foreach (var p in parked) Remember(p);
        Publish(position);
    }

    private void Publish(long position)
    {
        Volatile.Write(ref _seenPosition, position);
        ParkedCount = _parked.Count;
        if (!IsBuilding) _store.Signals.ProgressOf(_subscriber.Name).Advance(position);
    }

    /// <summary>Waits for events, an order, a retry that is due, or until a move is worth keeping.</summary>
    private async ValueTask WaitAsync(CancellationToken stop)
    {
        var wait = NextRetry();
        if (_position > _run!.Content.Position && (wait is null || LazyMove < wait)) wait = LazyMove;
        if (wait is null) _host.Rest(this);
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var events = _store.Storage.WaitForEventsAsync(_position, abandon.Token).AsTask();
        await Task.WhenAny(events, _order!, Task.Delay(wait ?? Timeout.InfiniteTimeSpan, _clock, abandon.Token)).ConfigureAwait(false);
        if (wait is null) _host.Work(this, _clock.GetTimestamp());
        await abandon.CancelAsync().ConfigureAwait(false);
        await ((Task)events).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (events.IsFaulted) await events.ConfigureAwait(false);
        stop.ThrowIfCancellationRequested();
        if (events.IsCompletedSuccessfully || _position == _run.Content.Position) return;
        await CommitAsync([], null, _position, [], stop).ConfigureAwait(false);
    }

    /// <summary>Lets others have the run at once.</summary>
    private async ValueTask ReleaseAsync()
    {
        if (_run is not { } run || run.Content.Owner != _host.Id || _host.GivenUp.IsCancellationRequested) return;
        try
        {
            var position = Math.Max(_position, run.Content.Position);
            var mark = await LogWitness.MarkAsync(_store, run.Content, position, _seen, _host.GivenUp, isLast: true).ConfigureAwait(false);
            var released = run.Content with { Owner = null, Position = position, Log = mark };
            await Storage.CommitAsync(new ReadModelCommit { Guards = [run.Guard], Changes = [ControlDocuments.Write(ControlDocuments.Runs, Key, released)] }, _host.GivenUp).ConfigureAwait(false);
            _store.Signals.OrderGiven(_subscriber.Name);
        }
        catch (Exception e) when (e is EventSourcingException or ObjectDisposedException or OperationCanceledException)
        {
            // It is not this one's any more, or the storage fails: then the others wait for the length of a lease.
        }
    }
}
