namespace EventSourcing;

/// <summary>
/// Turns at writing, for the storages of this process that have one file open: SQLite has no queue for its write lock, so
/// if all tried again and again, some would wait for seconds. First come, first served. Nobody's thread is blocked while it
/// waits. Thread-safe.
/// </summary>
internal sealed class WriteTurns
{
    /// <summary>
    /// How many groups a turn has while one other waits; the more wait, the fewer. An append is then at most some six groups
    /// slower than the usual one. And what a change of writers costs (the pages that another connection has changed are read
    /// anew, and the last events are hashed again) is paid once for several groups. It is a number and not a time, so
    /// that it holds for a slow disk and for a fast one.
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

    /// <summary>Whether another process, or a connection that is not the library's, has lately written to the file.</summary>
    public bool OthersWrite => Environment.TickCount64 - Interlocked.Read(ref _othersSeenAt) < OthersAreForgottenAfterMilliseconds;

    /// <summary>How many groups the storages of this process have committed.</summary>
    public long Commits => Interlocked.Read(ref _commits);

    /// <summary>The head of the log after the last of them; -1 if there was none.</summary>
    public long Head => Interlocked.Read(ref _head);

    /// <summary>Since when this process has written without others coming between. Used by whoever has the turn.</summary>
    public long Began { get; set; }

    /// <summary>When the last turn ended. Used by whoever has the turn.</summary>
    public long Ended { get; set; }

    /// <summary>Takes the turn if it is free, and otherwise the last place of those who wait for it.</summary>
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

            // Whoever ends a turn has its own work to do: those who wait go on elsewhere.
            var place = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.AddLast(place);
            return place;
        }
    }

    /// <summary>Gives up a place.</summary>
    /// <returns>False if its turn has come already, which then has to be ended by <see cref="Pass"/>.</returns>
    public bool TryLeave(TaskCompletionSource place)
    {
        lock (_lock) return _waiting.Remove(place);
    }

    /// <summary>How many groups a storage that writes as fast as it can commits in a turn.</summary>
    /// <param name="waiting">How many wait for the turn; at least one.</param>
    public static int GroupsAmong(int waiting) => Math.Max(1, GroupsWithOneOther / waiting);

    /// <summary>Ends the turn; the next one begins. If nobody waits for it, the turn of the process ends too.</summary>
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

    /// <summary>Says that others were found to have the write lock, or to have written.</summary>
    public void SawOthers()
    {
        var now = Environment.TickCount64;
        Interlocked.Exchange(ref _othersSeenAt, now);
        Began = now;
    }
}
