using Microsoft.Win32.SafeHandles;

namespace EventSourcing;

/// <summary>
/// Turns for writing among the processes that have one file open: first come, first served. Only processes that use this
/// library take turns. SQLite's lock alone keeps writers apart; a process that cannot take part, or has waited too long,
/// writes without a turn.
/// </summary>
/// <remarks>
/// <para>A place in the line is a locked byte far beyond the end of the write-ahead log, behind the bytes of the processes
/// that came before. The process at the first place has the turn. Each of the others waits for the byte before its own. The
/// system releases a lock when its process ends, however it ends.</para>
/// <para>SQLite never locks the log. It does lock the database and its index: closing another handle of those would drop
/// SQLite's own locks. The locks belong to the open file and not to the process (OFD locks). Only 64-bit Linux is known to
/// have them; on other systems no process waits here.</para>
/// <para>Used by the storage that has the turn in this process; <see cref="Open"/> and <see cref="Close"/> may be called by
/// any storage.</para>
/// </remarks>
internal sealed class ProcessTurns
{
    /// <summary>
    /// How long, in milliseconds, a process waits before it tries to write without its turn. It keeps its place, and does not
    /// wait again until that place is the first: the process that has the turn may be stopped.
    /// </summary>
    private const int PatienceMilliseconds = 500;

    private const int OthersAreForgottenAfterMilliseconds = 5_000;
    private const int ThreadIsKeptMilliseconds = 5_000;
    private const int TriesForPlace = 100;
    private const long FirstPlace = 1L << 62;

    /// <summary>One byte before the last that can be locked: behind each place there must be one to look at.</summary>
    private const long LastPlace = long.MaxValue - 1;

    private readonly object _gate = new();
    private byte[] _logPath = [];
    private SafeFileHandle? _handle;
    private Thread? _thread;
    private TaskCompletionSource? _wait;
    private long _place;
    private bool _isAsked;
    private bool _isWanted;
    private bool _isTaken;
    private bool _hasGivenUp;
    private bool _isOpen;
    private bool _isUnavailable;
    private long _othersSeenAt = long.MinValue / 2;

    /// <summary>Whether another process that takes turns was seen recently, and the turns move on.</summary>
    public bool AreTaken
    {
        get
        {
            lock (_gate) return !_hasGivenUp && Environment.TickCount64 - _othersSeenAt < OthersAreForgottenAfterMilliseconds;
        }
    }

    /// <summary>Whether this is the thread that waits for turns. The thread is free until the next wait.</summary>
    public bool IsOnItsThread => Volatile.Read(ref _thread) == Thread.CurrentThread;

    /// <summary>Whether another process is in the line. Costs one system call.</summary>
    public bool IsAnotherInLine()
    {
        lock (_gate) return _isOpen && !_isUnavailable && TryOpen() && OpenFileLocks.LockedByAnother(_handle!, FirstPlace, 0) is not null;
    }

    /// <summary>Waits a limited time for this process's turn, unless it has the turn already.</summary>
    /// <returns>Whether it is this process's turn. If not, it may try to write without one.</returns>
    public ValueTask<bool> TakeAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_isTaken) return new(true);
            if (!_isOpen || _isUnavailable) return new(false);
            if (_wait is null && !TryJoin()) return new(false);
            _isWanted = true;
            if (_isTaken) return new(true);
            if (_hasGivenUp) return new(false);
            var patience = TimeSpan.FromMilliseconds(Math.Min(longest.TotalMilliseconds, PatienceMilliseconds));
            return WaitAsync(_wait!.Task, patience, cancellationToken);
        }
    }

    /// <summary>
    /// Ends the turn after a group if another process waits. A turn has one group: with more, most appends would be somewhat
    /// faster, and the others ten times as slow.
    /// </summary>
    /// <returns>Whether the turn was ended.</returns>
    public bool TryYield()
    {
        lock (_gate)
        {
            if (!_isTaken || OpenFileLocks.LockedByAnother(_handle!, _place + 1, 0) is null) return false;
            _othersSeenAt = Environment.TickCount64;
            Release();
            return true;
        }
    }

    /// <summary>Ends the turn if this process has it. If the process waits for a turn, it will pass that turn on.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _isWanted = false;
            if (!_isTaken) return;
            _isTaken = false;
            OpenFileLocks.Unlock(_handle!, _place);
        }
    }

    /// <summary>Whether the thread waits for another process. It cannot be stopped before that process has moved on or ended.</summary>
    public bool IsWaiting
    {
        get
        {
            lock (_gate) return _wait is not null;
        }
    }

    /// <summary>
    /// Takes part. If the thread has been waiting since before <see cref="Close"/>, it goes on waiting: there is never a
    /// second thread.
    /// </summary>
    /// <param name="logPath">The path of the write-ahead log.</param>
    public void Open(string logPath)
    {
        lock (_gate)
        {
            _isOpen = true;
            _isUnavailable = !OperatingSystem.IsLinux() || !Environment.Is64BitProcess;
            _logPath = UnixFile.Encode(logPath);
        }
    }

    /// <summary>Releases everything, or lets the thread do so if it waits for another process.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isOpen = false;
            Release();
            if (_wait is null) CloseHandle();
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>
    /// Takes the place behind all others; null if that does not succeed now, or never will, or if another program has locked all places.
    /// </summary>
    private static long? TakePlace(SafeFileHandle handle, out bool isUnavailable)
    {
        isUnavailable = false;
        for (var i = 0; i < TriesForPlace; i++)
        {
            var place = FirstPlace;
            while (OpenFileLocks.LockedByAnother(handle, place, 0) is { } taken)
            {
                if (taken >= LastPlace) return null;
                place = taken + 1;
            }

            var answer = OpenFileLocks.TryLock(handle, place);
            isUnavailable = answer == LockAnswer.Unknown;
            if (isUnavailable) return null;
            if (answer == LockAnswer.HeldByAnother) continue;

            // A process that came between our look and our lock may have seen an empty line, or a process that is gone.
            if (OpenFileLocks.LockedByAnother(handle, place + 1, 0) is null) return place;
            OpenFileLocks.Unlock(handle, place);
        }

        return null;
    }

    /// <summary>The last place before another that a process holds; null if there is none.</summary>
    private static long? PlaceBefore(SafeFileHandle handle, long place)
    {
        long? before = null;
        for (var from = FirstPlace; from < place; from = before.Value + 1)
        {
            if (OpenFileLocks.LockedByAnother(handle, from, place - from) is not { } taken) break;
            before = taken;
        }

        return before;
    }

    /// <summary>Blocks the thread until no process has a place before this one, or the system fails.</summary>
    private static void AwaitTurn(SafeFileHandle handle, long place)
    {
        while (PlaceBefore(handle, place) is { } before && OpenFileLocks.AwaitUnlocked(handle, before))
        {
        }
    }

    private bool TryOpen()
    {
        _handle ??= OpenFileLocks.OpenToLock(_logPath);
        _isUnavailable = _handle is null;
        return !_isUnavailable;
    }

    private void CloseHandle()
    {
        _handle?.Dispose();
        _handle = null;
    }

    /// <summary>Takes a place, and with it the turn if the place is the first; otherwise lets the thread wait.</summary>
    private bool TryJoin()
    {
        if (!TryOpen() || TakePlace(_handle!, out _isUnavailable) is not { } place) return false;
        _place = place;
        if (PlaceBefore(_handle!, place) is null)
        {
            _isTaken = true;
            return true;
        }

        // The leader continues on the thread that waits: waking another thread would cost as much as an append.
        _othersSeenAt = Environment.TickCount64;
        _wait = new TaskCompletionSource();
        _isAsked = true;
        if (_thread is null)
        {
            _thread = new Thread(WaitForTurns) { IsBackground = true, Name = "EventSourcing: waits to write" };
            _thread.UnsafeStart();
        }

        Monitor.Pulse(_gate);
        return true;
    }

    private async ValueTask<bool> WaitAsync(Task turn, TimeSpan longest, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(longest, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            _hasGivenUp = _wait is not null;
            return _isTaken;
        }
    }

    private void WaitForTurns()
    {
        while (TryAwaitWish() is { } handle)
        {
            AwaitTurn(handle, _place);
            TaskCompletionSource wait;
            lock (_gate)
            {
                if (_isWanted) _isTaken = true;
                else OpenFileLocks.Unlock(handle, _place);
                if (!_isOpen) CloseHandle();
                wait = _wait!;
                _wait = null;
                _hasGivenUp = false;
            }

            wait.SetResult();
        }
    }

    /// <summary>Waits until a storage wants a turn; null if none does for some time, which ends the thread.</summary>
    private SafeFileHandle? TryAwaitWish()
    {
        lock (_gate)
        {
            while (!_isAsked)
            {
                if (_isOpen && (Monitor.Wait(_gate, ThreadIsKeptMilliseconds) || _isAsked)) continue;
                _thread = null;
                return null;
            }

            _isAsked = false;
            return _handle!;
        }
    }
}
