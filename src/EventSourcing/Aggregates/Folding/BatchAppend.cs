namespace EventSourcing;

/// <summary>
/// Appends the events of decided commands in one commit, and tells each caller its result. After a conflict it appends again what may be
/// appended by rule, and puts the other commands back, to be decided again.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="fold">How the state is folded on which the commands act.</param>
/// <param name="load">That state, which expects the events of the batch.</param>
/// <param name="again">Takes the commands that must be decided again.</param>
internal sealed class BatchAppend<TState>(
    EventStore store, StateFold<TState> fold, StateLoad<TState> load, List<WaitingCommand> again)
{
    /// <summary>Appends a batch. When it returns, each command is completed or put back.</summary>
    /// <param name="batch">The commands, in the order in which they were decided.</param>
    public async ValueTask<BatchOutcome> RunAsync(List<DecidedCommand<TState>> batch)
    {
        for (var outcome = BatchOutcome.Stored; ; outcome = BatchOutcome.ConflictsPutBack)
        {
            Exception? failure = null;
            try
            {
                if (await AppendAsync(batch).ConfigureAwait(false) is { } position)
                {
                    await TellAsync(batch, position).ConfigureAwait(false);
                    return outcome;
                }
            }
            catch (WrongExpectedVersionException conflict)
            {
                try
                {
                    batch = await KeepWhatPassesAsync(batch, conflict).ConfigureAwait(false);
                    if (batch.Count > 0) continue;
                    return BatchOutcome.ConflictsPutBack;
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
            return BatchOutcome.GivenUp;
        }
    }

    /// <summary>Appends the events of a batch.</summary>
    /// <returns>The position of the last event; null if some of the events were stored before.</returns>
    private async ValueTask<long?> AppendAsync(List<DecidedCommand<TState>> batch)
    {
        var events = new List<NewEvent>();
        foreach (var decided in batch) events.AddRange(decided.Events);
        if (events.Count == 0) return load.Position;
        using var cancellation = new CancellationTokenSource();
        var registrations = new List<CancellationTokenRegistration>();
        try
        {
            foreach (var decided in batch)
            {
                if (decided.Events.Count > 0 && decided.Command.CancellationToken is { CanBeCanceled: true } token)
                    registrations.Add(token.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), cancellation));
            }

            await store.Appender.PauseAsync(cancellation.Token).ConfigureAwait(false);
            var result = await store.Appender.AppendAsync(
                new AppendRequest([new StreamWrite(fold.Stream, load.Version, events)]), cancellation.Token).ConfigureAwait(false);
            return result.WasAlreadyStored ? null : result.Position;
        }
        finally
        {
            foreach (var registration in registrations) await registration.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task TellAsync(List<DecidedCommand<TState>> batch, long lastPosition)
    {
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
        var committed = await load.ForgetAndReadTailAsync(CancellationToken.None).ConfigureAwait(false);
        var raising = batch.Where(decided => decided.Events.Count > 0).ToList();
        var kept = raising
            .TakeWhile(decided => committed.Count > 0 && decided.Command.Conflicts < store.Options.MaxConflictRetries
                && !decided.Command.AreInConflict(decided.State, decided.Raised, committed))
            .ToList();
        foreach (var decided in kept) load.Expect(decided.Events);
        foreach (var decided in batch)
        {
            if (decided.Events.Count == 0)
            {
                again.Add(decided.Command);
            }
            else if (decided.Command.Conflicts++ >= store.Options.MaxConflictRetries)
            {
                conflict.Tries = decided.Command.Conflicts;
                decided.Command.Fail(conflict);
            }
            else
            {
                var isKept = kept.Contains(decided);
                store.Diagnostics.Conflict(fold.Category, isKept);
                if (!isKept) again.Add(decided.Command);
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
                again.Add(decided.Command);
            }
        }
    }
}
