namespace EventSourcing;

/// <summary>
/// One caller's change, waiting to be committed together with the changes of others. It is checked and written under the
/// write lock, and gets its own result.
/// </summary>
internal abstract class WriteWork : QueuedWrite
{
    /// <summary>Evaluates the guards. Throws the refusal if they do not hold; by then nothing is written.</summary>
    /// <param name="log">The end of the log, in the writer's transaction: the writes before this one are in it.</param>
    /// <param name="lookForRepetition">
    /// Whether the ids are looked up first. Usually they are not: the unique index detects a repetition during the insert, at
    /// no cost.
    /// </param>
    /// <returns>Whether there is something to write; if not, the result is already known.</returns>
    public abstract bool Check(LogEnd log, bool lookForRepetition);

    /// <summary>Whether <see cref="PrepareAsync"/> has something to do.</summary>
    public virtual bool IsAsync => false;

    /// <summary>
    /// Executes the part that may still be refused. A refusal is thrown, and leaves nothing behind. This part may run the
    /// app's own code and wait for it.
    /// </summary>
    public virtual ValueTask PrepareAsync(LogEnd log) => ValueTask.CompletedTask;

    /// <summary>Writes what was checked. Only a failure of the database can make it fail.</summary>
    public abstract void Write(LogEnd log);
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
