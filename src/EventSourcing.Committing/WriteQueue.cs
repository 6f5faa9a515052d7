namespace EventSourcing;

/// <summary>
/// The writes that wait to be committed, in the order in which they came, and the group that is being committed. Any thread may add a
/// write. Only the leader uses the group.
/// </summary>
/// <typeparam name="TWork">The writes.</typeparam>
/// <param name="busyTimeout">How long a write waits while no group can be committed.</param>
/// <param name="closed">The error for a write that waits when the storage is disposed, or comes afterwards.</param>
internal sealed class WriteQueue<TWork>(TimeSpan busyTimeout, Func<QueuedWrite, Exception> closed) : IAsyncDisposable
    where TWork : QueuedWrite
{
    /// <summary>The most writes that share a transaction: beyond this, what a commit costs no longer matters.</summary>
    private const int MaxGroup = 512;

    /// <summary>The most rows that one transaction writes: the lock must not be held so long that other processes give up.</summary>
    private const int MaxGroupWeight = 10_000;

    /// <summary>The longest wait before the writes that wait are checked for expiry again.</summary>
    private const int LongestWaitMilliseconds = 3_600_000;

    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closing = new();

    // Guarded by the lock.
    private readonly Lock _lock = new();
    private readonly LinkedList<TWork> _waiting = [];
    private bool _isLed;
    private bool _isClosing;

    // Used only by the leader.
    private long _busySince;

    /// <summary>The group that was taken. Writes that have their result stay in it until the group ends.</summary>
    public List<TWork> Group { get; } = [];

    /// <summary>Is cancelled when the storage is disposed.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>How many writes wait, including those that were cancelled since.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _waiting.Count;
        }
    }

    /// <summary>Whether a write waits that was not cancelled.</summary>
    public bool HasWork
    {
        get
        {
            lock (_lock)
            {
                for (var node = _waiting.First; node is not null; node = node.Next)
                {
                    if (node.Value.IsWaiting) return true;
                }
            }

            return false;
        }
    }

    /// <summary>How long the first write that waits may go on waiting.</summary>
    public TimeSpan UntilNextIsOverdue
    {
        get
        {
            lock (_lock)
            {
                if (_waiting.First is not { } next) return TimeSpan.Zero;
                var left = busyTimeout.TotalMilliseconds - Waited(next.Value, Environment.TickCount64);
                return TimeSpan.FromMilliseconds(Math.Clamp(left, 1, LongestWaitMilliseconds));
            }
        }
    }

    /// <summary>Adds a write; true if the caller must lead.</summary>
    public bool Enqueue(LinkedListNode<TWork> place)
    {
        lock (_lock)
        {
            if (_isClosing) throw closed(place.Value);
            _waiting.AddLast(place);
            if (_isLed) return false;
            return _isLed = true;
        }
    }

    /// <summary>Takes a write that was cancelled out of the queue, so that it needs no memory while others are committed.</summary>
    public void Leave(LinkedListNode<TWork> place)
    {
        lock (_lock)
        {
            if (place.List is not null && !place.Value.IsWaiting) _waiting.Remove(place);
        }
    }

    /// <summary>Lets the time that writes wait count from now on: until now, groups were committed.</summary>
    public void CountWaitsFromNow() => _busySince = Environment.TickCount64;

    /// <summary>Takes the next writes as a group; there may be none.</summary>
    public void TakeGroup()
    {
        Group.Clear();
        lock (_lock)
        {
            for (var weight = 0; Group.Count < MaxGroup && _waiting.First is { Value: var next };)
            {
                if (Group.Count > 0 && (weight + next.Weight > MaxGroupWeight || !next.MayJoin(Group[0]))) break;
                _waiting.RemoveFirst();
                if (!next.TryTake()) continue;
                weight += next.Weight;
                Group.Add(next);
            }
        }
    }

    /// <summary>
    /// Fails the writes of the group that are lost. A refusal may be due to a write that is now lost and so never happened: refused
    /// writes are put back and decided anew. Each failure completes at least one caller, so this cannot go on for ever.
    /// </summary>
    public void FailGroup(Exception failure)
    {
        var isAllRefused = Group.TrueForAll(static work => !work.IsTaken || work.Refusal is not null);
        foreach (var work in Group)
        {
            if (work.IsTaken && (isAllRefused || work.Refusal is null)) work.Fail(failure);
        }

        EndGroup();
    }

    /// <summary>
    /// Fails the group, see <see cref="FailGroup"/>. If none was taken, the next one is taken first: its callers must be told.
    /// </summary>
    public void FailNextGroup(Exception failure)
    {
        if (Group.Count == 0) TakeGroup();
        FailGroup(failure);
    }

    /// <summary>Ends the group. Its writes without a result are put back, in front of all others.</summary>
    /// <returns>How many of its writes have their result.</returns>
    public int EndGroup()
    {
        var served = 0;
        foreach (var work in Group)
        {
            if (!work.IsTaken) served++;
        }

        if (served < Group.Count) PutBackGroup();
        Group.Clear();
        return served;
    }

    /// <summary>Fails the writes that have waited too long; time in which groups were committed does not count.</summary>
    public void ExpireOverdue(Func<QueuedWrite, TimeSpan, Exception> error)
    {
        var now = Environment.TickCount64;
        List<TWork> overdue = [];
        lock (_lock)
        {
            for (var node = _waiting.First; node is not null;)
            {
                var next = node.Next;
                if (!node.Value.IsWaiting || Waited(node.Value, now) >= busyTimeout.TotalMilliseconds)
                {
                    _waiting.Remove(node);
                    if (node.Value.TryTake()) overdue.Add(node.Value);
                }

                node = next;
            }
        }

        foreach (var work in overdue) work.Fail(ErrorOf(work));

        Exception ErrorOf(TWork work)
        {
            try
            {
                return error(work, TimeSpan.FromMilliseconds(Waited(work, now)));
            }
            catch (Exception failure)
            {
                return failure; // they are out of the queue: nobody else would tell them
            }
        }
    }

    /// <summary>Ends the leader's time if nothing waits; then the next write makes its caller lead.</summary>
    /// <param name="writer">Is told so before that.</param>
    public bool TryStepDown(IGroupWriter<TWork> writer)
    {
        lock (_lock)
        {
            if (_waiting.Count > 0 && !_isClosing) return false;
            foreach (var work in _waiting)
            {
                if (work.TryTake()) work.Fail(closed(work));
            }

            _waiting.Clear();
            try
            {
                writer.StepDown();
            }
            finally
            {
                // Whatever the writer has thrown: without this the next callers, and the disposal, would wait for a leader that is gone.
                _isLed = false;
                if (_isClosing) _closed.TrySetResult();
            }

            return true;
        }
    }

    /// <summary>Refuses new writes, fails those that wait, and lets the current group finish.</summary>
    public async ValueTask DisposeAsync()
    {
        List<TWork> abandoned;
        lock (_lock)
        {
            _isClosing = true;
            abandoned = [.. _waiting];
            _waiting.Clear();
            if (!_isLed) _closed.TrySetResult();
        }

        foreach (var work in abandoned)
        {
            if (work.TryTake()) work.Fail(closed(work));
        }

        await _closing.CancelAsync().ConfigureAwait(false); // a leader that waits for its turn need not wait any longer
        await _closed.Task.ConfigureAwait(false);
        _closing.Dispose();
    }

    private void PutBackGroup()
    {
        lock (_lock)
        {
            for (var i = Group.Count - 1; i >= 0; i--)
            {
                if (!Group[i].IsTaken) continue;
                Group[i].PutBack();
                _waiting.AddFirst(Group[i]);
            }
        }

        foreach (var work in Group) work.CancelIfAsked();
    }

    private long Waited(TWork work, long now) => now - Math.Max(work.QueuedAt, _busySince);
}
