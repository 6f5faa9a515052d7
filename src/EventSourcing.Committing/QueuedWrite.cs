namespace EventSourcing;

/// <summary>One caller's change, waiting to be committed together with the changes of others. It gets its own result.</summary>
internal abstract class QueuedWrite
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Ended = 2;
    private int _state;

    /// <summary>When the write was queued, in milliseconds of the system's uptime.</summary>
    public long QueuedAt { get; } = Environment.TickCount64;

    /// <summary>Roughly how many rows this write touches; limits the size of a group.</summary>
    public abstract int Weight { get; }

    /// <summary>Whether it is committed in a transaction of its own, and not with others.</summary>
    public virtual bool IsAlone => false;

    /// <summary>Whether it may be committed together with another write.</summary>
    public virtual bool MayJoin(QueuedWrite other) => !IsAlone && !other.IsAlone;

    /// <summary>Cancels the write while it waits.</summary>
    protected virtual CancellationToken Cancellation => CancellationToken.None;

    /// <summary>Whether the write may be cancelled while it waits. False if an earlier attempt may have written it.</summary>
    protected virtual bool IsCancellable => true;

    /// <summary>The refusal, once there is one.</summary>
    public Exception? Refusal { get; private set; }

    /// <summary>Takes the write into a group, unless it was cancelled first. From here on, cancelling has no effect.</summary>
    public bool TryTake()
    {
        if (Interlocked.CompareExchange(ref _state, Taken, Waiting) != Waiting) return false;
        OnTaken();
        return true;
    }

    /// <summary>Puts the write back into the queue: nothing of it was written.</summary>
    public void PutBack()
    {
        Refusal = null;
        Interlocked.CompareExchange(ref _state, Waiting, Taken);
    }

    public bool IsWaiting => Volatile.Read(ref _state) == Waiting;

    /// <summary>Whether a group has the write and it has no result yet.</summary>
    public bool IsTaken => Volatile.Read(ref _state) == Taken;

    public void Refuse(Exception refusal) => Refusal = refusal;

    /// <summary>Takes a refusal back, because the transaction in which it was decided was rolled back.</summary>
    public void ForgetRefusal() => Refusal = null;

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
        SetFailed(ErrorFor(failure));
    }

    /// <summary>Cancels the write if no group has taken it.</summary>
    public void TryCancel(CancellationToken cancellationToken)
    {
        if (IsCancellable && Interlocked.CompareExchange(ref _state, Ended, Waiting) == Waiting) SetCanceled(cancellationToken);
    }

    /// <summary>Cancels a write that was put back, if the caller asked for that while a group had the write.</summary>
    public void CancelIfAsked()
    {
        if (Cancellation.IsCancellationRequested) TryCancel(Cancellation);
    }

    /// <summary>
    /// The error that the caller gets if a failure ends this write without a decision on it. An earlier attempt may have written it, so
    /// the error may have to say that the outcome is unknown.
    /// </summary>
    protected virtual Exception ErrorFor(Exception failure) => failure;

    /// <summary>Called when a group has taken the write.</summary>
    protected virtual void OnTaken()
    {
    }

    protected abstract void SetCompleted();

    protected abstract void SetFailed(Exception failure);

    protected abstract void SetCanceled(CancellationToken cancellationToken);
}
