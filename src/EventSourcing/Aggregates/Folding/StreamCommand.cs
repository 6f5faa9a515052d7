namespace EventSourcing;

/// <summary>A command on one stream: load, act, append; on a conflict read the tail and act again. Aggregates and deciders share it.</summary>
internal sealed class StreamCommand<TState>(
    EventStore store, StateFold<TState> fold, Func<TState, ValueTask<IReadOnlyList<object>>> act, EventMetadata? metadata, Guid? commandId, CancellationToken cancellationToken)
{
    private readonly CommandIds? _ids = commandId is { } id ? new CommandIds(id, fold.Stream) : null;

    /// <summary>Acts on the state before the first event and appends, expecting no stream.</summary>
    public async Task<AppendResult> CreateAsync()
    {
        if (await FindOriginalAsync().ConfigureAwait(false) is { } original) return original;
        var (raised, stored) = await ActAsync(fold.Begin()).ConfigureAwait(false);
        if (stored is not null) return stored;
        return raised.Count > 0
            ? await AppendAsync(raised, version: 0).ConfigureAwait(false)
            : throw new InvalidOperationException($"The command that was to create '{fold.Stream}' raised no event, so there is nothing to create it by.");
    }

    /// <summary>Acts on the state as it is and appends, expecting the version it had.</summary>
    /// <param name="notFound">The error where there are no events; null where that is none.</param>
    public async Task<AppendResult> UpdateAsync(Func<Exception>? notFound)
    {
        if (await FindOriginalAsync().ConfigureAwait(false) is { } original) return original;
        var load = new StateLoad<TState>(store, fold, isForCommand: true);
        await load.LoadAsync(AsOf.Now, cancellationToken).ConfigureAwait(false);
        if (load.Version == 0 && notFound is not null) throw notFound();
        try
        {
            return await ActUntilAppendedAsync(load).ConfigureAwait(false);
        }
        finally
        {
            // Only now: the caller has not waited for it, and whether the command went through does not matter to it.
            load.Due?.Enqueue();
        }
    }

    private async Task<AppendResult> ActUntilAppendedAsync(StateLoad<TState> load)
    {
        var (raised, stored) = await ActAsync(load.State).ConfigureAwait(false);
        for (var conflicts = 0; ; conflicts++)
        {
            if (stored is not null) return stored;
            if (raised.Count == 0) return new AppendResult([new AppendedStream(fold.Stream, load.Version, load.Version)], load.Position, load.Position, wasAlreadyStored: false);
            try
            {
                return await AppendAsync(raised, load.Version).ConfigureAwait(false);
            }
            catch (WrongExpectedVersionException) when (conflicts < store.Options.MaxConflictRetries)
            {
                await ConflictPause.AfterAsync(conflicts, cancellationToken).ConfigureAwait(false);
            }

            var committed = await load.ReadTailAsync(cancellationToken).ConfigureAwait(false);
            var passes = committed.Count > 0 && !AreInConflict(load.State, raised, committed);
            store.Diagnostics.Conflict(fold.Category, passes);
            if (passes) continue;
            load.Refold();
            (raised, stored) = await ActAsync(load.State).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Acts once. With a command id, one that comes to nothing may be a repetition: the first has been stored since it was
    /// looked for, and the state it was to act on has its events in it.
    /// </summary>
    private async ValueTask<(IReadOnlyList<object> Raised, AppendResult? Stored)> ActAsync(TState state)
    {
        try
        {
            var raised = await act(state).ConfigureAwait(false);
            return raised.Count == 0 ? (raised, await FindOriginalAsync().ConfigureAwait(false)) : (raised, null);
        }
        catch (Exception) when (_ids is not null)
        {
            if (await FindOriginalAsync().ConfigureAwait(false) is { } original) return ([], original);
            throw;
        }
    }

    private async ValueTask<AppendResult> AppendAsync(IReadOnlyList<object> raised, long version)
    {
        try
        {
            var result = await store.AppendAsync(fold.Stream, version, _ids?.Mark(raised) ?? raised, metadata, cancellationToken).ConfigureAwait(false);

            // What was stored may have been more than what was raised this time.
            return result.WasAlreadyStored ? await FindOriginalAsync().ConfigureAwait(false) ?? result : result;
        }
        catch (DuplicateEventIdException) when (_ids is not null)
        {
            // The first has raised others than this one has.
            if (await FindOriginalAsync().ConfigureAwait(false) is { } original) return original;
            throw;
        }
    }

    private async ValueTask<AppendResult?> FindOriginalAsync() =>
        _ids is null ? null : await _ids.FindAsync(store.Storage, cancellationToken).ConfigureAwait(false);

    private bool AreInConflict(TState state, IReadOnlyList<object> raised, IReadOnlyList<object> committed)
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
}
