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

    private AppendWriter Writer => _writer ??= store.Appender.RentWriter();

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

        if (_writer is { } writer) store.Appender.Return(writer);
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

        var outcome = await new BatchAppend<TState>(store, fold, _load!, _again).RunAsync(batch).ConfigureAwait(false);
        if (outcome == BatchOutcome.GivenUp)
        {
            // What failed may still read the writer's memory.
            StartAfresh();
            _writer = null;
        }
        else
        {
            _writer?.Clear();
        }

        return outcome == BatchOutcome.Stored;
    }
}
