namespace EventSourcing;

/// <summary>
/// Decides the commands that wait for one stream one after the other, each on the state that the one before it leaves, and appends the
/// events of all in one commit. No caller gets a result before that is stored, not even one whose command raised nothing: until then, the
/// state that the command acted on does not exist. Commands that cannot be appended together run one by one.
/// </summary>
internal sealed class CommandBatch<TState>(EventStore store, StateFold<TState> fold, StreamTurn turn)
{
    /// <summary>How many commands are appended together at most. With more, the cost of the commit per command no longer matters.</summary>
    private const int MaxCommands = 256;

    /// <summary>After how many bytes of events the batch is appended.</summary>
    private const int MaxBytes = 256 * 1024;

    private readonly List<DecidedCommand<TState>> _decided = [];
    private readonly List<WaitingCommand> _again = [];
    private readonly HashSet<Guid> _commandIds = [];
    private StateLoad<TState>? _load;
    private AppendWriter? _writer;
    private int _eventCount;

    private AppendWriter Writer => _writer ??= store.RentWriter();

    private bool IsFull => _decided.Count >= MaxCommands || Writer.WrittenBytes >= MaxBytes;

    /// <summary>Runs a command and those queued behind it, as long as they are of the same kind.</summary>
    public async Task ServeAsync(StreamCommand<TState> first)
    {
        for (var next = first;
            next is not null || _decided.Count > 0;
            next = store.Turns.TakeNextIf(turn, IsOfThisKind) as StreamCommand<TState>)
        {
            try
            {
                if (next is null || IsFull) await TryAppendAsync().ConfigureAwait(false);
                if (next is not null) await DecideAsync(next).ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                // Nothing that the command raised has been kept or appended.
                next?.Fail(failure);
            }

            store.Turns.PutBack(_again);
            _again.Clear();
        }

        if (_writer is { } writer) store.Return(writer);
        _load?.Due?.Enqueue();
    }

    private bool IsOfThisKind(WaitingCommand command) =>
        command is StreamCommand<TState> { IsAlone: false } other && other.Fold.Kind == fold.Kind;

    private async Task DecideAsync(StreamCommand<TState> command)
    {
        if (command.CommandId is { } id && _commandIds.Contains(id))
        {
            // The command repeats one that is decided but not stored yet.
            await TryAppendAsync().ConfigureAwait(false);
            StartAfresh();
            await command.RunAloneAsync(turn).ConfigureAwait(false);
            return;
        }

        var load = await LoadAsync(command).ConfigureAwait(false);
        if (command.ErrorAt(load.ExpectedVersion) is { } notFound)
        {
            Keep(new DecidedCommand<TState>(command, load.State, [], [], notFound));
            return;
        }

        var state = load.Take();
        turn.BeginActing();
        var deciding = command.DecideAsync(state);

        // While the app's code waits, commands that are decided already are appended, so that they need not wait for it.
        bool? isAppended = !deciding.IsCompleted && _decided.Count > 0 ? await TryAppendAsync().ConfigureAwait(false) : null;
        await ((Task)deciding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        turn.EndActing();
        if (store.Turns.IsOver(turn))
        {
            // Other commands have gone on without this one, and have taken over what was decided.
            var isBaseStored = isAppended ?? _decided.Count == 0;
            _decided.Clear();
            _load = null;
            await (isBaseStored ? command.FinishAloneAsync(load, deciding) : command.RunAloneAsync(turn: null)).ConfigureAwait(false);
        }
        else if (isAppended == false)
        {
            _again.Add(command);
        }
        else
        {
            await KeepAsync(command, state, deciding).ConfigureAwait(false);
        }
    }

    private async Task KeepAsync(StreamCommand<TState> command, TState state, Task<IReadOnlyList<object>> deciding)
    {
        IReadOnlyList<object> raised = [];
        IReadOnlyList<NewEvent> events = [];
        Exception? error = null;
        try
        {
            raised = await deciding.ConfigureAwait(false);
            if (raised.Count > 0)
            {
                command.CancellationToken.ThrowIfCancellationRequested();
                events = Write(command, raised);
                if (_eventCount > 0 && _eventCount + events.Count > store.Storage.Options.Limits.MaxEventsPerAppend)
                {
                    if (!await TryAppendAsync().ConfigureAwait(false))
                    {
                        _again.Add(command);
                        return;
                    }

                    events = Write(command, raised);
                }

                _load!.Expect(events);
            }
        }
        catch (Exception failure)
        {
            (raised, events, error) = ([], [], failure);
        }

        Keep(new DecidedCommand<TState>(command, state, raised, events, error));
    }

    private void Keep(DecidedCommand<TState> decided)
    {
        _decided.Add(decided);
        _eventCount += decided.Events.Count;
        if (decided.Events.Count > 0 && decided.Command.CommandId is { } id) _commandIds.Add(id);
        store.Turns.Keep(turn, decided.Command);
    }

    private IReadOnlyList<NewEvent> Write(StreamCommand<TState> command, IReadOnlyList<object> raised)
    {
        var request = Writer.Write(
            [new StreamAppend(fold.Stream, _load!.ExpectedVersion, command.Mark(raised))], command.Metadata, [], command.Trace);
        request.Validate(store.Storage.Options.Limits);
        return request.Writes[0].Events;
    }

    private async Task<StateLoad<TState>> LoadAsync(StreamCommand<TState> command)
    {
        if (_decided.Count == 0 && _load is { IsDueForSnapshot: true }) StartAfresh();
        if (_load is not null) return _load;
        var load = new StateLoad<TState>(store, fold, isForCommand: true);
        await load.LoadAsync(AsOf.Now, command.CancellationToken).ConfigureAwait(false);
        return _load = load;
    }

    private void StartAfresh()
    {
        _load?.Due?.Enqueue();
        _load = null;
    }

    /// <summary>Appends what is decided, and completes those commands. What could not be appended is put back.</summary>
    /// <returns>Whether all of it is stored as it was decided.</returns>
    private async Task<bool> TryAppendAsync()
    {
        var batch = _decided.ToList();
        _decided.Clear();
        _commandIds.Clear();
        _eventCount = 0;
        if (batch.Count == 0) return true;
        if (!store.Turns.TryTakeDecided(turn))
        {
            _load = null;
            return false;
        }

        for (var isWhole = true; ; isWhole = false)
        {
            Exception? failure = null;
            try
            {
                if (await AppendAsync(batch).ConfigureAwait(false) is { } position)
                {
                    _writer?.Clear();
                    await TellAsync(batch, position).ConfigureAwait(false);
                    return isWhole;
                }
            }
            catch (WrongExpectedVersionException conflict)
            {
                try
                {
                    batch = await KeepWhatPassesAsync(batch, conflict).ConfigureAwait(false);
                    if (batch.Count > 0) continue;
                    _writer?.Clear();
                    return false;
                }
                catch (Exception e)
                {
                    failure = e;
                }
            }
            catch (Exception e)
            {
                failure = e;
            }

            GiveUp(batch, failure);
            return false;
        }
    }

    /// <summary>Appends the events of a batch.</summary>
    /// <returns>The position of the last event; null if some of the events were stored before.</returns>
    private async Task<long?> AppendAsync(List<DecidedCommand<TState>> batch)
    {
        var events = new List<NewEvent>();
        foreach (var decided in batch) events.AddRange(decided.Events);
        if (events.Count == 0) return _load!.Position;
        using var cancellation = new CancellationTokenSource();
        var registrations = new List<CancellationTokenRegistration>();
        try
        {
            foreach (var decided in batch)
            {
                if (decided.Events.Count > 0 && decided.Command.CancellationToken is { CanBeCanceled: true } token)
                    registrations.Add(token.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), cancellation));
            }

            await store.PauseAsync(cancellation.Token).ConfigureAwait(false);
            var result = await store.AppendAsync(
                new AppendRequest([new StreamWrite(fold.Stream, _load!.Version, events)]), cancellation.Token).ConfigureAwait(false);
            return result.WasAlreadyStored ? null : result.Position;
        }
        finally
        {
            foreach (var registration in registrations) await registration.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task TellAsync(List<DecidedCommand<TState>> batch, long lastPosition)
    {
        var load = _load!;
        var (version, position) = (load.Version, load.Position);
        var next = lastPosition - (load.ExpectedVersion - version) + 1;
        load.Settle(lastPosition);
        foreach (var (command, _, _, events, error) in batch)
        {
            if (events.Count == 0)
            {
                await command.TellAsync(ResultOf(version, version, position, position), error).ConfigureAwait(false);
                continue;
            }

            (version, position) = (version + events.Count, next + events.Count - 1);
            command.Complete(ResultOf(version - events.Count + 1, version, next, position));
            next = position + 1;
        }

        AppendResult ResultOf(long firstVersion, long lastVersion, long firstPosition, long lastPosition) =>
            new([new AppendedStream(fold.Stream, firstVersion, lastVersion)], firstPosition, lastPosition, wasAlreadyStored: false);
    }

    /// <summary>
    /// After a conflict with another writer: keeps the commands at the front whose events may be appended by rule, as they are. From the
    /// first that conflicts, all are decided again, since the state that they have acted on will never exist.
    /// </summary>
    private async Task<List<DecidedCommand<TState>>> KeepWhatPassesAsync(
        List<DecidedCommand<TState>> batch, WrongExpectedVersionException conflict)
    {
        var conflicts = batch.Max(decided => decided.Command.Conflicts);
        if (conflicts < store.Options.MaxConflictRetries)
            await ConflictPause.AfterAsync(conflicts, CancellationToken.None).ConfigureAwait(false);
        var committed = await _load!.ForgetAndReadTailAsync(CancellationToken.None).ConfigureAwait(false);
        var raising = batch.Where(decided => decided.Events.Count > 0).ToList();
        var kept = raising
            .TakeWhile(decided => committed.Count > 0 && decided.Command.Conflicts < store.Options.MaxConflictRetries
                && !decided.Command.AreInConflict(decided.State, decided.Raised, committed))
            .ToList();
        foreach (var decided in kept) _load.Expect(decided.Events);
        foreach (var decided in batch)
        {
            if (decided.Events.Count == 0)
            {
                _again.Add(decided.Command);
            }
            else if (decided.Command.Conflicts++ >= store.Options.MaxConflictRetries)
            {
                decided.Command.Fail(conflict);
            }
            else
            {
                var isKept = kept.Contains(decided);
                store.Diagnostics.Conflict(fold.Category, isKept);
                if (!isKept) _again.Add(decided.Command);
            }
        }

        return kept;
    }

    /// <summary>
    /// Fails the commands that cannot succeed, and runs the others one by one. One command may have caused the failure of all, and an id
    /// that is stored already belongs to the first run of a repeated command.
    /// </summary>
    /// <param name="batch">The commands; none of their events is stored.</param>
    /// <param name="failure">Why they could not be appended; null if some of the events were stored before.</param>
    private void GiveUp(List<DecidedCommand<TState>> batch, Exception? failure)
    {
        StartAfresh();
        _writer = null;
        var isOfAll = failure is StoreBusyException or StorageFailedException or ObjectDisposedException
            || (failure is not (null or DuplicateEventIdException or OperationCanceledException)
                && batch.Count(decided => decided.Events.Count > 0) == 1);
        var isCancelled = failure is OperationCanceledException
            && batch.Exists(decided => decided.Command.CancellationToken.IsCancellationRequested);
        foreach (var decided in batch)
        {
            if (isOfAll && decided.Events.Count > 0)
            {
                decided.Command.Fail(failure!);
            }
            else if (isCancelled && decided.Command.CancellationToken.IsCancellationRequested)
            {
                decided.Command.Cancel();
            }
            else
            {
                decided.Command.IsAlone = !isCancelled;
                _again.Add(decided.Command);
            }
        }
    }
}
