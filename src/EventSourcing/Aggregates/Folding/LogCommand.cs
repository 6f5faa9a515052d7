namespace EventSourcing;

/// <summary>
/// A command on more than one stream: what is decided is appended in one atomic commit. On a conflict it is decided again.
/// With a command id it takes effect once.
/// </summary>
internal sealed class LogCommand(EventStore store, EventMetadata? metadata, CommandId? commandId, CancellationToken cancellationToken)
{
    private readonly CommandIds? _ids = commandId is { } id ? new CommandIds(id, metadata) : null;

    /// <summary>
    /// Decides and appends. After a conflict it does both again, until the events are stored or there were too many conflicts.
    /// </summary>
    /// <param name="decide">Returns what to append, from the state of the store.</param>
    /// <param name="maxRetries">How often it is decided again.</param>
    public async Task<AppendResult> RunAsync(Func<Task<LogDecision>> decide, int maxRetries)
    {
        if (await FindOriginalAsync().ConfigureAwait(false) is { } original) return original;
        var hasTurn = false;
        try
        {
            for (var conflicts = 0; ; conflicts++)
            {
                var (decision, stored) = await DecideAsync(decide).ConfigureAwait(false);
                if (stored is not null) return stored;
                if (decision!.Streams.Count == 0) return new AppendResult([], decision.Head, decision.Head, wasAlreadyStored: false);
                try
                {
                    return await AppendAsync(decision).ConfigureAwait(false);
                }
                catch (ConflictException conflict)
                {
                    conflict.Tries = conflicts + 1;
                    if (conflicts >= maxRetries) throw;
                }

                // With the turn, a conflict comes from others, which a pause lets go first. Without, the wait for the turn is the pause.
                if (hasTurn || !(hasTurn = await store.LogTurn.TryTakeAsync(cancellationToken).ConfigureAwait(false)))
                    await ConflictPause.AfterAsync(conflicts, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            if (hasTurn) store.LogTurn.End();
        }
    }

    /// <summary>
    /// Decides once. If a command with an id comes to nothing, it may be a repetition whose original was stored meanwhile.
    /// </summary>
    private async Task<(LogDecision? Decision, AppendResult? Stored)> DecideAsync(Func<Task<LogDecision>> decide)
    {
        try
        {
            var decision = await decide().ConfigureAwait(false);
            return (decision, decision.Streams.Count == 0 ? await FindOriginalAsync().ConfigureAwait(false) : null);
        }
        catch (Exception) when (_ids is not null)
        {
            if (await FindOriginalAsync().ConfigureAwait(false) is { } original) return (null, original);
            throw;
        }
    }

    private async Task<AppendResult> AppendAsync(LogDecision decision)
    {
        try
        {
            var streams = _ids?.Mark(decision.Streams) ?? decision.Streams;
            var result = await store.AppendAsync(streams, metadata, decision.Conditions, cancellationToken).ConfigureAwait(false);

            // The original may have stored more events than were decided this time.
            return result.WasAlreadyStored ? await FindOriginalAsync().ConfigureAwait(false) ?? result : result;
        }
        catch (Exception failure) when (_ids is not null
            && failure is DuplicateEventIdException or ConflictException)
        {
            // If the original was stored meanwhile, it caused the conflict of its own repetition.
            if (await FindOriginalAsync().ConfigureAwait(false) is { } original) return original;
            throw;
        }
    }

    private async ValueTask<AppendResult?> FindOriginalAsync() =>
        _ids is null ? null : await _ids.FindAsync(store.Storage, cancellationToken).ConfigureAwait(false);
}
