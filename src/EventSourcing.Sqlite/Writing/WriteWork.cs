namespace EventSourcing;

/// <summary>
/// One caller's change, waiting to be committed together with the changes of others. It is checked and written under the
/// write lock, and gets its own result.
/// </summary>
internal abstract class WriteWork
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Ended = 2;
    private int _state;

    /// <summary>When the write was queued, in milliseconds of the system's uptime.</summary>
    public long QueuedAt { get; } = Environment.TickCount64;

    /// <summary>Roughly how many rows this write touches; limits the size of a group.</summary>
    public abstract int Weight { get; }

    /// <summary>The refusal, once there is one.</summary>
    public Exception? Refusal { get; private set; }

    /// <summary>Evaluates the guards. Throws the refusal if they do not hold; by then nothing is written.</summary>
    /// <param name="writer">The writer, in its transaction: it sees the writes before this one.</param>
    /// <param name="lookForRepetition">
    /// Whether the ids are looked up first. Usually they are not: the unique index detects a repetition during the insert, at
    /// no cost.
    /// </param>
    /// <returns>Whether there is something to write; if not, the result is already known.</returns>
    public abstract bool Check(Writer writer, bool lookForRepetition);

    /// <summary>Whether <see cref="PrepareAsync"/> has something to do.</summary>
    public virtual bool IsAsync => false;

    /// <summary>
    /// Executes the part that may still be refused. A refusal is thrown, and leaves nothing behind. This part may run the
    /// app's own code and wait for it.
    /// </summary>
    public virtual ValueTask PrepareAsync(Writer writer) => ValueTask.CompletedTask;

    /// <summary>Writes what was checked. Only a failure of the database can make it fail.</summary>
    public abstract void Write(Writer writer);

    /// <summary>Takes the write into a group, unless it was cancelled first. From here on, cancelling has no effect.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;

    /// <summary>Puts the write back into the queue: nothing of it was written.</summary>
    public void PutBack()
    {
        Refusal = null;
        Interlocked.CompareExchange(ref _state, Waiting, Taken);
    }

    public bool IsWaiting => Volatile.Read(ref _state) == Waiting;

    public void Refuse(Exception refusal) => Refusal = refusal;

    /// <summary>Completes the caller's task: the write is durable, or was refused.</summary>
    public void Complete()
    {
        Volatile.Write(ref _state, Ended);
        if (Refusal is not null) SetFailed(Refusal);
        else SetCompleted();
    }

    /// <summary>
    /// Fails the caller's task together with the whole group. A refusal of the write itself no longer counts: it may be due
    /// to earlier writes of the group, which are gone.
    /// </summary>
    public void Fail(Exception failure)
    {
        Volatile.Write(ref _state, Ended);
        SetFailed(failure);
    }

    /// <summary>Cancels the write if no group has taken it.</summary>
    public void TryCancel(CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _state, Ended, Waiting) == Waiting) SetCanceled(cancellationToken);
    }

    protected abstract void SetCompleted();

    protected abstract void SetFailed(Exception failure);

    protected abstract void SetCanceled(CancellationToken cancellationToken);
}

/// <summary>A write with a result.</summary>
internal abstract class WriteWork<TResult> : WriteWork
{
    // Callers continue on other threads: the thread that commits must go on to serve other callers.
    private readonly TaskCompletionSource<TResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<TResult> Task => _completion.Task;

    protected abstract TResult Result { get; }

    protected sealed override void SetCompleted() => _completion.TrySetResult(Result);

    protected sealed override void SetFailed(Exception failure) => _completion.TrySetException(failure);

    protected sealed override void SetCanceled(CancellationToken cancellationToken) => _completion.TrySetCanceled(cancellationToken);
}
