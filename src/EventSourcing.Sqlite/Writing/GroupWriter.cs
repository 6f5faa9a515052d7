namespace EventSourcing;

/// <summary>
/// Commits groups of writes by the <see cref="Writer"/>, in the storage's turns. A commit runs on the thread of its caller, or on one of
/// the pool, and blocks it.
/// </summary>
internal sealed class GroupWriter(Writer writer, ReaderPool readers) : IGroupWriter<WriteWork>
{
    private readonly HeldTurn _turn = new(writer);
    private bool _lookForRepetitions;

    /// <inheritdoc/>
    /// <remarks>The thread that waits for this process's turn is no caller's.</remarks>
    public bool MayKeepThread => writer.ProcessTurns is { IsOnItsThread: true };

    /// <inheritdoc/>
    public async ValueTask<Obstacle?> CommitNextAsync(WriteQueue<WriteWork> queue, int attempt)
    {
        try
        {
            var isRetry = attempt > 0;
            if (!await _turn.TakeAsync(queue, isRetry).ConfigureAwait(false)) return Busy(attempt);
            await _turn.TakeOfProcessAsync(queue, isRetry).ConfigureAwait(false);
            if (!await TryBeginAsync(queue, isRetry).ConfigureAwait(false)) return Busy(attempt);
            await CommitGroupAsync(queue).ConfigureAwait(false);
            await writer.CheckpointIfDueAsync(readers).ConfigureAwait(false);
            _turn.EndIfOver(queue);
            return null;
        }
        catch
        {
            _turn.Pass();
            throw;
        }
    }

    public void StepDown() => _turn.Pass();

    /// <summary>
    /// Another connection has the lock. The pause is random, so that processes which wait for each other do not keep colliding.
    /// </summary>
    private Obstacle Busy(int attempt) =>
        new(TimeSpan.FromMilliseconds(1 + (Random.Shared.NextDouble() * Math.Min(attempt + 1, 2))), _turn.Overdue);

    /// <summary>Whether the write lock was taken. If that failed for good, the waiting callers are told.</summary>
    private async ValueTask<bool> TryBeginAsync(WriteQueue<WriteWork> queue, bool isRetry)
    {
        try
        {
            var began = writer.TryBegin();
            if (!isRetry && !_turn.HasWaited) queue.CountWaitsFromNow();
            return began;
        }
        catch (EventSourcingException failure)
        {
            await writer.SaveLogIfMovedAsync(readers).ConfigureAwait(false);
            queue.FailNextGroup(failure);
            _turn.Pass();
            return false;
        }
    }

    private async ValueTask CommitGroupAsync(WriteQueue<WriteWork> queue)
    {
        queue.TakeGroup();
        try
        {
            var end = await writer.CommitAsync(queue.Group, _lookForRepetitions).ConfigureAwait(false);
            if (end != GroupEnd.Committed)
            {
                _lookForRepetitions |= end == GroupEnd.IdIsStored;
                queue.EndGroup();
                return;
            }

            _lookForRepetitions = false;

            // The caller that erased something is told only when the copies are gone too, unless a reader of another process is in the way.
            if (writer.LogHoldsErased) await writer.CheckpointIfDueAsync(readers).ConfigureAwait(false);
            foreach (var work in queue.Group) work.Complete();
        }
        catch (TransactionLostException lost)
        {
            // Nothing was committed, so only the caller whose write caused it is told; the others begin again.
            lost.Work!.Fail(lost.Error);
            queue.EndGroup();
        }
        catch (Exception failure)
        {
            _lookForRepetitions = false;
            await writer.SaveLogIfMovedAsync(readers).ConfigureAwait(false);
            queue.FailGroup(failure);
        }
    }
}
