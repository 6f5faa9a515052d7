namespace EventSourcing;

/// <summary>
/// One caller's change, waiting to be committed together with others'. It is checked and written under the write lock
/// and gets a verdict of its own.
/// </summary>
internal abstract class WriteWork
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Ended = 2;
    private int _state;

    /// <summary>When the work was queued, in milliseconds of the system's uptime.</summary>
    public long QueuedAt { get; } = Environment.TickCount64;

    /// <summary>How many rows the work is about, by which groups are kept short.</summary>
    public abstract int Weight { get; }

    /// <summary>The refusal, once there is one.</summary>
    public Exception? Refusal { get; private set; }

    /// <summary>
    /// Evaluates the guards. Throws the refusal where they do not hold; nothing is written by then.
    /// </summary>
    /// <param name="writer">The writer, in its transaction: it sees the works before this one.</param>
    /// <param name="lookForRepetition">
    /// Whether the ids are to be looked up first. Usually the insert itself tells, by the unique index, at no cost.
    /// </param>
    /// <returns>Whether there is something to write; if not, the result is known already.</returns>
    public abstract bool Check(Writer writer, bool lookForRepetition);

    /// <summary>Whether <see cref="PrepareAsync"/> has something to do.</summary>
    public virtual bool IsAsync => false;

    /// <summary>
    /// Writes what may still be refused, which it is by throwing: nothing of it is left then. It may run the app's own code
    /// and wait for it.
    /// </summary>
    public virtual ValueTask PrepareAsync(Writer writer) => ValueTask.CompletedTask;

    /// <summary>Writes what was checked. Only the database can make it fail.</summary>
    public abstract void Write(Writer writer);

    /// <summary>Begins the work, unless it was cancelled first. From here on, cancelling has no effect.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;

    /// <summary>Lets the work wait again: nothing of it was written.</summary>
    public void PutBack()
    {
        Refusal = null;
        Interlocked.CompareExchange(ref _state, Waiting, Taken);
    }

    public bool IsWaiting => Volatile.Read(ref _state) == Waiting;

    public void Refuse(Exception refusal) => Refusal = refusal;

    /// <summary>Tells the caller: what was taken is now durable, or refused.</summary>
    public void Complete()
    {
        Volatile.Write(ref _state, Ended);
        if (Refusal is not null) SetFailed(Refusal);
        else SetCompleted();
    }

    /// <summary>
    /// Tells the caller that the work failed with the whole group. A refusal of its own does not count any more: it may
    /// be due to what the group wrote before it, which is gone.
    /// </summary>
    public void Fail(Exception failure)
    {
        Volatile.Write(ref _state, Ended);
        SetFailed(failure);
    }

    /// <summary>Ends the work if it has not begun.</summary>
    public void TryCancel(CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _state, Ended, Waiting) == Waiting) SetCanceled(cancellationToken);
    }

    protected abstract void SetCompleted();

    protected abstract void SetFailed(Exception failure);

    protected abstract void SetCanceled(CancellationToken cancellationToken);
}

/// <summary>A change with a result.</summary>
internal abstract class WriteWork<TResult> : WriteWork
{
    // Callers continue elsewhere: the thread that commits has others to serve.
    private readonly TaskCompletionSource<TResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<TResult> Task => _completion.Task;

    protected abstract TResult Result { get; }

    protected sealed override void SetCompleted() => _completion.TrySetResult(Result);

    protected sealed override void SetFailed(Exception failure) => _completion.TrySetException(failure);

    protected sealed override void SetCanceled(CancellationToken cancellationToken) => _completion.TrySetCanceled(cancellationToken);
}
