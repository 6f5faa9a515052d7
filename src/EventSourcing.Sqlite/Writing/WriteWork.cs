namespace EventSourcing;

/// <summary>
/// One caller's change, waiting to be committed together with the changes of others. It is checked and written under the
/// write lock, and gets its own result.
/// </summary>
internal abstract class WriteWork : QueuedWrite
{
    /// <summary>Whether <see cref="PrepareAsync"/> has something to do; then it is run by <see cref="RunAsync"/>.</summary>
    public virtual bool IsAsync => false;

    /// <summary>Checks and writes. A refusal is kept in <see cref="QueuedWrite.Refusal"/>.</summary>
    /// <param name="log">The end of the log.</param>
    /// <param name="lookForRepetition">Whether the ids are looked up first.</param>
    /// <returns>Whether anything was written.</returns>
    /// <exception cref="SqliteFailure">The database failed.</exception>
    /// <exception cref="TransactionLostException">The write has spoiled the transaction.</exception>
    public bool Run(LogEnd log, bool lookForRepetition)
    {
        try
        {
            if (!IsToWrite(log, lookForRepetition)) return false;
        }
        catch (Exception refusal) when (refusal is not SqliteFailure)
        {
            Refuse(Typed(refusal, log));
            return false;
        }

        try
        {
            Write(log);
        }
        catch (TransactionLostException lost)
        {
            lost.Work = this;
            throw;
        }

        return true;
    }

    /// <summary>The same for a write in which code of the app takes part.</summary>
    public async ValueTask<bool> RunAsync(LogEnd log, bool lookForRepetition)
    {
        // A leader's first round runs on a caller's thread, with the flow of contexts suppressed. The app's code needs a
        // flowing context. On the pool a new one begins, and what the code does to it ends with the code.
        if (ExecutionContext.IsFlowSuppressed()) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            if (!IsToWrite(log, lookForRepetition)) return false;
            await PrepareAsync(log).ConfigureAwait(false);
        }
        catch (TransactionLostException lost)
        {
            lost.Work = this;
            throw;
        }
        catch (Exception refusal) when (refusal is not (SqliteFailure or ReopenException))
        {
            Refuse(Typed(refusal, log));
            return false;
        }

        Write(log);
        return true;
    }

    /// <summary>Evaluates the guards. Throws the refusal if they do not hold; by then nothing is written.</summary>
    /// <param name="log">The end of the log, in the writer's transaction: the writes before this one are in it.</param>
    /// <param name="lookForRepetition">
    /// Whether the ids are looked up first. Usually they are not: the unique index detects a repetition during the insert, at
    /// no cost.
    /// </param>
    /// <returns>Whether there is something to write; if not, the result is already known.</returns>
    public abstract bool Check(LogEnd log, bool lookForRepetition);

    /// <summary>
    /// Executes the part that may still be refused. A refusal is thrown, and leaves nothing behind. This part may run the
    /// app's own code and wait for it.
    /// </summary>
    public virtual ValueTask PrepareAsync(LogEnd log) => ValueTask.CompletedTask;

    /// <summary>Writes what was checked. Only a failure of the database can make it fail.</summary>
    public abstract void Write(LogEnd log);

    private static Exception Typed(Exception refusal, LogEnd log) =>
        refusal is DamagedDataException damage ? damage.ToTyped(log.Path) : refusal;

    /// <summary>Whether there is something to write here. If the store has moved, the write is refused then.</summary>
    private bool IsToWrite(LogEnd log, bool lookForRepetition)
    {
        if (!Check(log, lookForRepetition || log.MovedTo is not null)) return false;
        if (log.MovedTo is not { } movedTo || this is MoveWork) return true;
        Refuse(new StoreMovedException(log.Path, movedTo));
        return false;
    }
}

/// <summary>A write with a result.</summary>
internal abstract class WriteWork<TResult> : WriteWork
{
    // Callers continue on other threads: the thread that commits must go on to serve other callers.
    private readonly TaskCompletionSource<TResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected abstract TResult Result { get; }

    /// <summary>Queues the write; completes when it is committed or refused.</summary>
    public ValueTask<TResult> CommitAsync(GroupCommit<WriteWork> commits, CancellationToken cancellationToken) =>
        commits.CommitAsync(this, _completion.Task, cancellationToken);

    protected sealed override void SetCompleted() => _completion.TrySetResult(Result);

    protected sealed override void SetFailed(Exception failure) => _completion.TrySetException(failure);

    protected sealed override void SetCanceled(CancellationToken cancellationToken) => _completion.TrySetCanceled(cancellationToken);
}
