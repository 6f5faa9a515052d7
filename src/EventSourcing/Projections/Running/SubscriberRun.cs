namespace EventSourcing;

/// <summary>
/// Runs one generation of a projection, or a reactor, in this process: waits until it owns the run, folds batch after batch, and commits
/// each with the position reached (<see cref="RunPlace"/>).
/// </summary>
internal sealed class SubscriberRun
{
    private static readonly TimeSpan LazyMove = TimeSpan.FromMilliseconds(250);

    private readonly RunContext _context;
    private readonly RunReport _report;
    private readonly ParkedPartitions _parked;
    private readonly RunPlace _place;
    private readonly BatchFold _handlers;
    private readonly Parking _parking;
    private readonly DocumentRebuild _documentRebuild;
    private readonly Takeover _takeover;
    private readonly RunLease _lease;
    private readonly PagesAhead _pages;

    private (long Position, int Attempts) _stopped;
    private Task? _order;
    private long _movedAt;

    public SubscriberRun(RunContext context, bool isBuilding, LogFeed feed)
    {
        _context = context;
        _report = new RunReport(context.Clock);
        _parked = new ParkedPartitions(context, _report);
        _place = new RunPlace(context, _parked, _report) { IsBuilding = isBuilding };
        _handlers = new BatchFold(context, _place, _parked, _report);
        _parking = new Parking(context, _place, _parked, _handlers);
        _documentRebuild = new DocumentRebuild(context, _place, _parked, _handlers);
        _takeover = new Takeover(context, _place, _parked);
        _lease = new RunLease(context, _place, _report);
        _pages = new PagesAhead(feed, context.Filter, context.MaxBatchEvents);
    }

    public int Generation => _context.Generation;

    public bool IsBuilding => _place.IsBuilding;

    /// <summary>What the run shows of itself.</summary>
    public RunReport Report => _report;

    private EventStore Store => _context.Store;

    /// <summary>Runs until it is stopped, or until the generation no longer exists.</summary>
    /// <exception cref="ProjectionFailedException">An event failed, and the run stops at failures.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (await _lease.HoldAsync(stop).ConfigureAwait(false) is not { } run) break;
                await TakeUpAsync(run, stop).ConfigureAwait(false);

                // Reading the run is no success yet: a storage may go on reading and refuse every commit.
                await FollowAsync(Succeed, stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (ReadModelConflictException)
            {
                // Another process has changed something that this run relied on: read it all again.
            }
            catch (EventSourcingException failure) when (failure.MaySucceedLater())
            {
                _report.LastError = failure;
                _report.State = ProjectionState.Retrying;
                var pause = RetrySchedule.OfStorage.PauseAfter(++failures)!.Value;
                if (_context.Notices.IsWanted) _context.Notices.StorageFailed(failure, failures, _context.Clock.GetUtcNow() + pause);
                await Task.Delay(pause, _context.Clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception failure)
            {
                _report.LastError = failure;
                _report.State = ProjectionState.Failed;
                await _pages.DropAsync().ConfigureAwait(false);
                await _place.ReleaseAsync(failure).ConfigureAwait(false);
                throw;
            }
            finally
            {
                _takeover.LetAppendsGoOn();
                _place.Rest();
            }

            await _pages.DropAsync().ConfigureAwait(false);
        }

        await _pages.DropAsync().ConfigureAwait(false);
        await _place.ReleaseAsync().ConfigureAwait(false);
        _report.State = ProjectionState.Stopped;

        void Succeed()
        {
            if (failures > 0 && _context.Notices.IsWanted) _context.Notices.Tell(StoreNoticeKind.StorageRecovered, _place.Position);
            failures = 0;
        }
    }

    private async ValueTask TakeUpAsync(ReadDocument<RunRecord> run, CancellationToken stop)
    {
        if (_place.Document is null)
        {
            await LogIdentity.CheckAsync(Store, _context.Name, run.Content, stop).ConfigureAwait(false);

            // A damaged read model is found at the start, not only by the next event.
            if (_context.Subscriber is Projection projection)
            {
                await projection.ProbeAsync(Store, projection.ModelOf(Generation), stop).ConfigureAwait(false);
                if (!IsBuilding) await new ServedReadModel(Store, _context.Name).ThrowIfLostAsync(stop).ConfigureAwait(false);
            }
        }

        _order = null;
        _place.TakeUp(run);
        await _parked.ReadAsync(run, IsBuilding, stop).ConfigureAwait(false);
        _place.Publish(_place.Position);
        _report.State = ProjectionState.CatchingUp;
    }

    private async ValueTask FollowAsync(Action succeeded, CancellationToken stop)
    {
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            await CarryOutOrdersAsync(stop).ConfigureAwait(false);
            await _parking.GoOnWithDueAsync(stop).ConfigureAwait(false);
            var page = await _pages.NextAsync(_place.Position, stop).ConfigureAwait(false);
            if (page.IdAtNext is { } id) _place.Saw(page.Next, id);
            if (page.Next > _place.Position)
            {
                if (page.Events.Count == 0) await MoveAsync(page.Next, stop).ConfigureAwait(false);
                else if (!await TryApplyAsync(page, stop).ConfigureAwait(false)) continue;
                succeeded();
                var wasRetrying = _report.State == ProjectionState.Retrying;
                if (_report.LastError is StoreBusyException or StorageFailedException || wasRetrying) _report.LastError = null;
                if (!page.IsEnd || wasRetrying) _report.State = ProjectionState.CatchingUp;
                if (IsBuilding && page.IsEnd) _takeover.Chase();
                continue;
            }

            if (IsBuilding && await _takeover.TryAsync(stop).ConfigureAwait(false)) continue;
            succeeded();
            _report.State = ProjectionState.Live;
            await WaitAsync(stop).ConfigureAwait(false);
        }
    }

    /// <summary>Looks for orders, if there may be any.</summary>
    private async ValueTask CarryOutOrdersAsync(CancellationToken stop)
    {
        if (_order is { IsCompleted: false }) return;
        _order = Store.Signals.NextOrderOf(_context.Name);
        if (_parked.Count > 0) await _parked.ReadAsync(_place.Document!, IsBuilding, stop).ConfigureAwait(false);
        if (_context.Subscriber is Projection && !IsBuilding) await _documentRebuild.CarryOutAsync(stop).ConfigureAwait(false);
    }

    /// <summary>Folds a page and commits it. If an event fails, the events before it are committed all the same.</summary>
    /// <returns>False if the failing event is to be tried again.</returns>
    private ValueTask<bool> TryApplyAsync(FeedPage page, CancellationToken stop) =>
        Store.Diagnostics.OfBatches is { } instruments
            ? TryApplyMeasuredAsync(instruments, page, stop)
            : TryApplyUnmeasuredAsync(page, stop);

    private async ValueTask<bool> TryApplyMeasuredAsync(StoreInstruments instruments, FeedPage page, CancellationToken stop)
    {
        var measured = instruments.BeginBatch(_context.Name, isReactor: _context.Subscriber.HasEffects);
        try
        {
            var isApplied = await TryApplyUnmeasuredAsync(page, stop).ConfigureAwait(false);
            instruments.EndBatch(measured, _context.Name, isApplied ? page.Events.Count : 0, _place.Position);
            return isApplied;
        }
        catch (Exception error)
        {
            instruments.FailBatch(measured, _context.Name, error);
            throw;
        }
    }

    private async ValueTask<bool> TryApplyUnmeasuredAsync(FeedPage page, CancellationToken stop)
    {
        var events = page.Events;
        var next = page.Next;
        FoldFailure? split = null;
        while (true)
        {
            try
            {
                var fold = await _handlers.FoldAsync(events, only: null, stop).ConfigureAwait(false);
                if (split is not null) fold = fold with { Failures = [.. fold.Failures, split] };
                if (fold.Failures.Count > 0 && _context.Options.OnFailure == FailureMode.Stop)
                {
                    await StopBeforeAsync(fold.Failures.MinBy(failure => failure.Event.Position)!, events, stop).ConfigureAwait(false);
                    return false;
                }

                if (fold.Failures.Count > 0 && _parked.Count + fold.Failures.Count > _context.Options.MaxParked)
                {
                    await _place.ThrowIfLostAsync(stop).ConfigureAwait(false);
                    var last = fold.Failures.MaxBy(failure => failure.Event.Position)!;
                    throw ProjectionFailedException.TooManyParked(_context.Name, last.Event, last.Error, _context.Options.MaxParked);
                }

                // Effects outside the store cannot be undone, so they are recorded although the run is to stop.
                var token = _context.Subscriber.HasEffects ? _context.Holder.GivenUp : stop;
                List<ParkedChange> parked = [.. fold.Failures.Select(_parked.Park)];
                await _place.CommitAsync(fold.Changes, fold.Tables, fold.Reached ?? next, parked, token).ConfigureAwait(false);
                return true;
            }
            catch (ProjectionFailedException failure) when (!failure.IsFinal && (split is null || failure.Position < split.Event.Position))
            {
                // Tables cannot be folded past a failure in the same transaction: fold again, up to the failure.
                var e = events.First(candidate => candidate.Position == failure.Position);
                split = new FoldFailure(new Partition(ParkedKind.Stream, e.Stream), e, failure.InnerException ?? failure);
                events = [.. events.TakeWhile(candidate => candidate.Position < failure.Position)];
                next = failure.Position;
            }
        }
    }

    /// <summary>Commits the events before a failure, then waits before the next try, or gives up.</summary>
    private async ValueTask StopBeforeAsync(FoldFailure failure, IReadOnlyList<FeedEvent> events, CancellationToken stop)
    {
        var position = failure.Event.Position;
        if (position - 1 > _place.Position)
        {
            var before = events.TakeWhile(e => e.Position < position).ToList();
            var fold = before.Count > 0 && !_context.Subscriber.HasEffects
                ? await _handlers.FoldAsync(before, only: null, stop).ConfigureAwait(false)
                : new Fold([], []);
            if (fold.Failures.Count > 0) return; // the next try decides
            await _place.CommitAsync(fold.Changes, fold.Tables, position - 1, [], stop).ConfigureAwait(false);
        }

        _stopped = (position, _stopped.Position == position ? _stopped.Attempts + 1 : 1);
        var typed = ProjectionFailedException.Final(_context.Name, failure.Event, failure.Error);
        _report.LastError = typed;
        if (_context.Retries.PauseAfter(_stopped.Attempts) is not { } pause)
        {
            await _place.ThrowIfLostAsync(stop).ConfigureAwait(false);
            throw typed;
        }

        _report.State = ProjectionState.Retrying;
        var retryAt = _context.Clock.GetUtcNow() + pause;
        if (_context.Notices.IsWanted) _context.Notices.Retrying(failure.Event, failure.Error, _stopped.Attempts, retryAt);
        await Task.Delay(pause, _context.Clock, stop).ConfigureAwait(false);
    }

    /// <summary>Moves past events that the filter left out. That is worth a transaction only now and then.</summary>
    private async ValueTask MoveAsync(long position, CancellationToken stop)
    {
        var committed = _place.Document!.Content.Position;
        if (_place.Position == committed) _movedAt = _context.Clock.GetTimestamp();
        if (position - committed >= _context.MaxBatchEvents || _context.Clock.GetElapsedTime(_movedAt) >= LazyMove)
            await _place.CommitAsync([], null, position, [], stop).ConfigureAwait(false);
        else
            _place.MoveTo(position);
    }

    /// <summary>Waits for events, an order, a retry that is due, or until a move is worth a commit.</summary>
    private async ValueTask WaitAsync(CancellationToken stop)
    {
        var wait = _parked.UntilDue();
        if (_place.Position > _place.Document!.Content.Position && (wait is null || LazyMove < wait)) wait = LazyMove;
        if (wait is null) _place.Rest();
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(stop);

        // The pause first: the clock is the app's, and may throw.
        var pause = Task.Delay(wait ?? Timeout.InfiniteTimeSpan, _context.Clock, abandon.Token);
        var events = Store.Storage.WaitForEventsAsync(_place.Position, abandon.Token).AsTask();
        await Task.WhenAny(events, _order!, pause).ConfigureAwait(false);
        if (wait is null) _place.ShowWork();
        await abandon.CancelAsync().ConfigureAwait(false);
        await ((Task)events).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (events.IsFaulted) await events.ConfigureAwait(false);
        stop.ThrowIfCancellationRequested();
        if (events.IsCompletedSuccessfully || _place.Position == _place.Document.Content.Position) return;
        await _place.ThrowIfLostAsync(stop).ConfigureAwait(false);
    }
}
