namespace EventSourcing;

/// <summary>
/// A command on one stream: load, act, append; on a conflict read the new events and act again. Aggregates and deciders share it. The
/// commands of one store on one stream take turns: those that had to wait are decided and appended together.
/// </summary>
internal sealed class StreamCommand<TState>(
    EventStore store,
    StateFold<TState> fold,
    Func<TState, ValueTask<IReadOnlyList<object>>> act,
    EventMetadata? metadata,
    CommandId? commandId,
    CancellationToken cancellationToken)
    : WaitingCommand(fold.Stream, cancellationToken)
{
    private readonly CommandIds? _ids = commandId is { } id ? new CommandIds(id, metadata, fold.Stream) : null;
    private Func<Exception>? _notFound;
    private StreamTurn? _turn;

    public StateFold<TState> Fold => fold;

    public EventMetadata? Metadata => metadata;

    /// <summary>The trace of the caller, or null. The command may be decided and appended within the call of another caller.</summary>
    public string? Trace { get; } = store.Diagnostics.CurrentTrace;

    public Guid? CommandId => commandId?.Value;

    /// <summary>How often the command has met a conflict.</summary>
    public int Conflicts { get; set; }

    /// <summary>Acts on the state before the first event and appends, expecting no stream.</summary>
    public async Task<AppendResult> CreateAsync()
    {
        store.Turns.ThrowIfWithinCommandOn(fold.Stream);
        if (await FindOriginalAsync().ConfigureAwait(false) is { } original) return original;
        var (raised, stored) = await ActAsync(fold.Begin()).ConfigureAwait(false);
        if (stored is not null) return stored;
        return raised.Count > 0
            ? await AppendAsync(raised, version: 0).ConfigureAwait(false)
            : throw new InvalidOperationException(
                $"The command that was to create '{fold.Stream}' raised no event, so there is nothing to create it by.");
    }

    /// <summary>Acts on the current state and appends, expecting its version.</summary>
    /// <param name="notFound">The error if there are no events; null if that is no error.</param>
    public async Task<AppendResult> UpdateAsync(Func<Exception>? notFound)
    {
        _notFound = notFound;
        store.Turns.ThrowIfWithinCommandOn(fold.Stream);
        if (await FindOriginalAsync().ConfigureAwait(false) is { } original) return original;
        if (StreamTurns.IsWithinCommand) return await LoadAndActAsync().ConfigureAwait(false);
        if (store.Turns.Enter(this) is not { } turn) return await WaitAsync(store.Turns).ConfigureAwait(false);
        try
        {
            _turn = turn;
            return await LoadAndActAsync().ConfigureAwait(false);
        }
        finally
        {
            store.Turns.Release(turn);
        }
    }

    public override Task ServeAsync(StreamTurn turn) =>
        IsAlone ? RunAloneAsync(turn) : new CommandBatch<TState>(store, fold, turn).ServeAsync(this);

    /// <summary>Runs a command that has waited by itself, from the beginning.</summary>
    /// <param name="turn">The turn that the command has; null if it goes on without one.</param>
    public Task RunAloneAsync(StreamTurn? turn)
    {
        _turn = turn;
        return TellAsync(async () => await FindOriginalAsync().ConfigureAwait(false) ?? await LoadAndActAsync().ConfigureAwait(false));
    }

    /// <summary>Finishes a decided command without a turn.</summary>
    /// <param name="load">The state it was decided on, which nothing else uses any more.</param>
    /// <param name="deciding">The decision.</param>
    public Task FinishAloneAsync(StateLoad<TState> load, Task<IReadOnlyList<object>> deciding)
    {
        _turn = null;
        return TellAsync(async () =>
            await ActUntilAppendedAsync(load, await OrOriginalAsync(deciding).ConfigureAwait(false)).ConfigureAwait(false));
    }

    /// <summary>Tells the caller that the command came to nothing, with or without an error, unless it is a repetition.</summary>
    public async Task TellAsync(AppendResult nothing, Exception? error)
    {
        try
        {
            if (await FindOriginalAsync().ConfigureAwait(false) is { } original) Complete(original);
            else if (error is null) Complete(nothing);
            else Fail(error);
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
    }

    /// <summary>The error that the command ends with before it acts, if any.</summary>
    /// <param name="version">The version of the stream.</param>
    public Exception? ErrorAt(long version) => version == 0 ? _notFound?.Invoke() : null;

    /// <summary>Runs the app's code of the command once, in the execution context of its caller.</summary>
    public async Task<IReadOnlyList<object>> DecideAsync(TState state)
    {
        // Both changes of the context are undone when this method first returns, as in every async method.
        if (Context is not null) ExecutionContext.Restore(Context);
        var scope = store.Turns.BeginCommand(fold.Stream);
        using var span = store.Diagnostics.OfSpans?.BeginDecide(fold.Category);
        try
        {
            return await act(state).ConfigureAwait(false);
        }
        catch (Exception error) when (span is not null)
        {
            StoreInstruments.Fail(span, error);
            throw;
        }
        finally
        {
            scope.HasEnded = true;
        }
    }

    /// <summary>The events with ids that derive from the command's id.</summary>
    public IReadOnlyList<object> Mark(IReadOnlyList<object> raised) => _ids?.Mark(raised) ?? raised;

    public bool AreInConflict(TState state, IReadOnlyList<object> raised, IReadOnlyList<object> committed)
    {
        foreach (var mine in raised)
        {
            foreach (var other in committed)
            {
                if (fold.AreInConflict(state, mine is EventData data ? data.Payload : mine, other)) return true;
            }
        }

        return false;
    }

    private async Task TellAsync(Func<Task<AppendResult>> run)
    {
        try
        {
            Complete(await run().ConfigureAwait(false));
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }

    private async Task<AppendResult> LoadAndActAsync()
    {
        var load = new StateLoad<TState>(store, fold, isForCommand: true);
        await load.LoadAsync(AsOf.Now, CancellationToken).ConfigureAwait(false);
        if (ErrorAt(load.Version) is { } error) throw error;
        try
        {
            return await ActUntilAppendedAsync(load, await ActAsync(load.State).ConfigureAwait(false)).ConfigureAwait(false);
        }
        finally
        {
            // Only now, since the caller does not wait for the snapshot. Whether the command succeeded does not matter to it.
            load.Due?.Enqueue();
        }
    }

    private async Task<AppendResult> ActUntilAppendedAsync(
        StateLoad<TState> load, (IReadOnlyList<object> Raised, AppendResult? Stored) decision)
    {
        for (var (raised, stored) = decision; ; Conflicts++)
        {
            if (stored is not null) return stored;
            if (raised.Count == 0)
                return new AppendResult(
                    [new AppendedStream(fold.Stream, load.Version, load.Version)], load.Position, load.Position, wasAlreadyStored: false);
            try
            {
                return await AppendAsync(raised, load.Version).ConfigureAwait(false);
            }
            catch (WrongExpectedVersionException conflict)
            {
                conflict.Tries = Conflicts + 1;
                if (Conflicts >= store.Options.MaxConflictRetries) throw;
                await ConflictPause.AfterAsync(Conflicts, CancellationToken).ConfigureAwait(false);
            }

            var committed = await load.ReadTailAsync(CancellationToken).ConfigureAwait(false);
            var passes = committed.Count > 0 && !AreInConflict(load.State, raised, committed);
            store.Diagnostics.Conflict(fold.Category, passes);
            if (passes) continue;
            load.Refold();
            (raised, stored) = await ActAsync(load.State).ConfigureAwait(false);
        }
    }

    private ValueTask<(IReadOnlyList<object> Raised, AppendResult? Stored)> ActAsync(TState state)
    {
        _turn?.BeginActing();
        return OrOriginalAsync(DecideAsync(state));
    }

    /// <summary>
    /// A decision. If a command with an id comes to nothing, it may be a repetition: the original was stored after the look-up, and the
    /// state to act on contains its events already.
    /// </summary>
    private async ValueTask<(IReadOnlyList<object> Raised, AppendResult? Stored)> OrOriginalAsync(Task<IReadOnlyList<object>> deciding)
    {
        try
        {
            var raised = await deciding.ConfigureAwait(false);
            return raised.Count == 0 ? (raised, await FindOriginalAsync().ConfigureAwait(false)) : (raised, null);
        }
        catch (Exception) when (_ids is not null)
        {
            if (await FindOriginalAsync().ConfigureAwait(false) is { } original) return ([], original);
            throw;
        }
        finally
        {
            _turn?.EndActing();
        }
    }

    private async ValueTask<AppendResult> AppendAsync(IReadOnlyList<object> raised, long version)
    {
        try
        {
            var result = await store.Appender.AppendAsync(
                [new StreamAppend(fold.Stream, version, Mark(raised))], metadata, conditions: null, Trace, CancellationToken)
                .ConfigureAwait(false);

            // The original may have stored more events than were raised this time.
            return result.WasAlreadyStored ? await FindOriginalAsync().ConfigureAwait(false) ?? result : result;
        }
        catch (DuplicateEventIdException) when (_ids is not null)
        {
            // The original has raised other events than this repetition.
            if (await FindOriginalAsync().ConfigureAwait(false) is { } original) return original;
            throw;
        }
    }

    private async ValueTask<AppendResult?> FindOriginalAsync() =>
        _ids is null ? null : await _ids.FindAsync(store.Storage, CancellationToken).ConfigureAwait(false);
}
