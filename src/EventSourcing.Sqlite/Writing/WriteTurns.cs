namespace EventSourcing;

/// <summary>
/// Turns for writing, among the storages of this process that have one file open. SQLite has no queue for its write lock, so
/// if all storages simply retried, some would wait for seconds. First come, first served. Waiting blocks no thread.
/// Thread-safe.
/// </summary>
internal sealed class WriteTurns
{
    /// <summary>
    /// How many groups a turn has while one other storage waits; the more wait, the fewer. An append is then at most about
    /// six groups slower than usual. The cost of changing writers (pages changed by another connection are read anew, and the
    /// last events are hashed again) is paid once for several groups. It is a number and not a time, so that it suits a slow
    /// disk and a fast one.
    /// </summary>
    public const int GroupsWithOneOther = 6;

    private const int OthersAreForgottenAfterMilliseconds = 5_000;
    private readonly LinkedList<TaskCompletionSource> _waiting = [];
    private readonly Lock _lock = new();
    private bool _isTaken;
    private long _othersSeenAt = long.MinValue / 2;
    private long _commits;
    private long _head = -1;

    /// <summary>How many storages wait for their turn.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock) return _waiting.Count;
        }
    }

    /// <summary>Whether another process, or a connection from outside the library, has recently written to the file.</summary>
    public bool OthersWrite => Environment.TickCount64 - Interlocked.Read(ref _othersSeenAt) < OthersAreForgottenAfterMilliseconds;

    /// <summary>How many groups the storages of this process have committed.</summary>
    public long Commits => Interlocked.Read(ref _commits);

    /// <summary>The head of the log after the last of them; -1 if there was none.</summary>
    public long Head => Interlocked.Read(ref _head);

    /// <summary>Since when this process has written without interruption by others. Used by the storage that has the turn.</summary>
    public long Began { get; set; }

    /// <summary>When the last turn ended. Used by the storage that has the turn.</summary>
    public long Ended { get; set; }

    /// <summary>Takes the turn if it is free, and otherwise the last place in the line.</summary>
    /// <returns>Null if the turn was free; otherwise the place, which completes when its turn has come.</returns>
    public TaskCompletionSource? Enter()
    {
        lock (_lock)
        {
            if (!_isTaken)
            {
                _isTaken = true;
                return null;
            }

            // The thread that ends a turn must not run the continuations of those that wait, so these run elsewhere.
            var place = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.AddLast(place);
            return place;
        }
    }

    /// <summary>Gives up a place.</summary>
    /// <returns>False if its turn has come already; then the turn must be ended by <see cref="Pass"/>.</returns>
    public bool TryLeave(TaskCompletionSource place)
    {
        lock (_lock) return _waiting.Remove(place);
    }

    /// <summary>How many groups a storage may commit in a turn if it writes as fast as it can.</summary>
    /// <param name="waiting">How many storages wait for the turn; at least one.</param>
    public static int GroupsAmong(int waiting) => Math.Max(1, GroupsWithOneOther / waiting);

    /// <summary>Ends the turn; the next one begins. If no storage waits, the turn of the process ends too.</summary>
    public void Pass(ProcessTurns? process)
    {
        lock (_lock)
        {
            if (_waiting.First is not { } next)
            {
                _isTaken = false;
                process?.Release();
                return;
            }

            _waiting.RemoveFirst();
            next.Value.SetResult();
        }
    }

    /// <summary>Says that a storage of this process has committed.</summary>
    /// <returns><see cref="Commits"/> with this one.</returns>
    public long Committed(long head)
    {
        Interlocked.Exchange(ref _head, head);
        return Interlocked.Increment(ref _commits);
    }

    /// <summary>Reports that another writer has the write lock, or has written.</summary>
    public void SawOthers()
    {
        var now = Environment.TickCount64;
        Interlocked.Exchange(ref _othersSeenAt, now);
        Began = now;
    }
}
