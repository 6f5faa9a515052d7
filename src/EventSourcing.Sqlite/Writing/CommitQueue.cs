using System.Diagnostics;

namespace EventSourcing;

/// <summary>
/// Group commit. Writes are queued. The caller that finds the queue idle becomes its leader: it takes every queued write,
/// checks and executes them in order, commits once, and completes each with its own result. One fsync thus serves all
/// concurrent callers. The group waits a moment for them to come back with their next writes; a lone caller commits on its
/// own thread without delay.
/// </summary>
internal sealed class CommitQueue : IAsyncDisposable
{
    /// <summary>How many writes may be queued; further callers wait, asynchronously, until there is room.</summary>
    private const int Capacity = 4096;

    /// <summary>The most writes that share a transaction: beyond this, the cost of the fsync no longer matters.</summary>
    private const int MaxGroup = 512;

    /// <summary>The most rows that one transaction writes: the lock must not be held so long that other processes give up.</summary>
    private const int MaxGroupWeight = 10_000;

    /// <summary>
    /// How long, in milliseconds, one process keeps committing while other processes want to. Then it leaves the lock alone
    /// for a pause that is long enough for them to take it. SQLite has no queue for its lock, so without the pause the
    /// process that has the lock keeps it.
    /// </summary>
    private const int TurnMilliseconds = 10;

    /// <summary>Longer than any pause between two attempts of a process that waits.</summary>
    private const int PauseAfterTurnMilliseconds = 5;

    /// <summary>The longest wait for a turn before the writes that wait are checked for expiry again.</summary>
    private const int LongestWaitMilliseconds = 3_600_000;

    /// <summary>After waits for the next write that were in vain, at most so many turns in a row end without such a wait.</summary>
    private const int MaxTurnsWithoutWaiting = 16;

    /// <summary>
    /// How long a group waits until it is as large as the last one: a fraction of an fsync. Callers that append in a loop
    /// come back within that time; without the wait, half of them miss each group and alternate with the other half.
    /// </summary>
    private static readonly long WaitForCompany = Stopwatch.Frequency * 40 / 1_000_000;

    /// <summary>
    /// How long a turn waits for the next write of its storage while other storages wait for the turn. It is less than the
    /// cost of changing writers, which reads pages and hashes anew.
    /// </summary>
    private static readonly long WaitForNextWork = Stopwatch.Frequency * 150 / 1_000_000;

    private readonly Writer _writer;
    private readonly ReaderPool _readers;
    private readonly TimeSpan _busyTimeout;
    private readonly UserCode _userCode;
    private readonly StorageTelemetry _telemetry;
    private readonly SemaphoreSlim _room = new(Capacity, Capacity);
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guarded by the lock.
    private readonly Lock _lock = new();
    private readonly LinkedList<WriteWork> _waiting = [];
    private bool _isLed;
    private bool _isClosing;

    // Used only by the leader.
    private readonly List<WriteWork> _group = [];
    private bool _lookForRepetitions;
    private int _lastServed;
    private long _busySince;
    private WriteTurns? _turn;
    private bool _hasWaitedForTurn;
    private int _groupsOfTurn;
    private int _turnsWithoutWaiting;
    private int _nextTurnsWithoutWaiting = 1;

    public CommitQueue(Writer writer, ReaderPool readers, TimeSpan busyTimeout, UserCode userCode, StorageTelemetry telemetry)
    {
        _writer = writer;
        _readers = readers;
        _busyTimeout = busyTimeout;
        _userCode = userCode;
        _telemetry = telemetry;
    }

    /// <summary>Queues a write; completes when it is committed or refused. It can be cancelled until it joins a group.</summary>
    public async ValueTask<TResult> CommitAsync<TResult>(WriteWork<TResult> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _userCode.ThrowIfWithin(UserCode.Kind.Write, "write to it");
        if (work is AppendWork && _telemetry.WantsLockWaits) work.MeasuredFrom = Stopwatch.GetTimestamp();
        if (!_room.Wait(0, CancellationToken.None)) await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using var cancellation = cancellationToken.UnsafeRegister(
                static (state, token) => ((WriteWork)state!).TryCancel(token), work);
            if (Enqueue(work)) Lead();
            return await work.Task.ConfigureAwait(false);
        }
        finally
        {
            _room.Release();
            if (work.MeasuredFrom != 0) ReportWait(work);
        }
    }

    /// <summary>Refuses new writes, fails those that wait, and lets the current group finish.</summary>
    public async ValueTask DisposeAsync()
    {
        List<WriteWork> abandoned;
        lock (_lock)
        {
            _isClosing = true;
            abandoned = [.. _waiting];
            _waiting.Clear();
            if (!_isLed) _closed.TrySetResult();
        }

        foreach (var work in abandoned)
        {
            if (work.TryTake()) work.Fail(Closed());
        }

        await _closing.CancelAsync().ConfigureAwait(false); // a leader that waits for its turn need not wait any longer
        await _closed.Task.ConfigureAwait(false);
        _closing.Dispose();
    }

    private void ReportWait(WriteWork work)
    {
        var until = work.TakenAt == 0 ? Stopwatch.GetTimestamp() : work.TakenAt;
        _telemetry.LockWaited(Stopwatch.GetElapsedTime(work.MeasuredFrom, until));
    }

    private static ObjectDisposedException Closed() =>
        new(nameof(SqliteEventStorage), "The storage was disposed before this write began; nothing of it was written.");

    /// <summary>Queues a write; true if the caller must lead.</summary>
    private bool Enqueue(WriteWork work)
    {
        lock (_lock)
        {
            if (_isClosing) throw Closed();
            _waiting.AddLast(work);
            if (_isLed) return false;
            return _isLed = true;
        }
    }

    private void Lead()
    {
        // A commit blocks its thread for about one fsync. A thread with a synchronization context (a user interface's) is not blocked.
        if (SynchronizationContext.Current is not null)
        {
            using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow()) _ = Task.Run(LeadAsync);
        }
        else if (ExecutionContext.IsFlowSuppressed())
        {
            _ = LeadAsync();
        }
        else
        {
            // The leader acts for all callers, so it does not carry the first caller's context along.
            using (ExecutionContext.SuppressFlow()) _ = LeadAsync();
        }
    }

    private async Task LeadAsync()
    {
        for (var attempt = 0; ;)
        {
            var began = false;
            try
            {
                if (attempt == 0)
                {
                    _hasWaitedForTurn = false;
                    AwaitThoseJustServed();
                }

                if (await TakeTurnAsync(isRetry: attempt > 0).ConfigureAwait(false))
                {
                    await TakeProcessTurnAsync(isRetry: attempt > 0).ConfigureAwait(false);
                    began = await TryBeginAsync(isRetry: attempt > 0).ConfigureAwait(false);
                }

                if (began)
                {
                    await CommitGroupAsync().ConfigureAwait(false);
                    await _writer.CheckpointIfDueAsync(_readers).ConfigureAwait(false);
                    EndTurnIfOver();
                }
                else
                {
                    ExpireOverdue();
                }
            }
            catch (Exception unexpected)
            {
                // Whatever failed: the callers must be told, and the next ones need a leader.
                PassTurn();
                TakeGroup();
                FailGroup(unexpected);
            }

            if (StepDownIfIdle()) return;

            // The first round ran on the thread of a caller, which has its result by now; the rest runs on the pool, or on
            // the thread that waited for this process's turn.
            attempt = began ? 0 : attempt + 1;
            if (began && _writer.ProcessTurns is { IsOnItsThread: true }) continue;
            if (began) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            else await Task.Delay(PauseBeforeRetry(attempt)).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Waits for this storage's turn among those of the process. If it could not begin, it keeps the turn for its next
    /// attempt: another process has the lock, and the other storages of this process could not begin either.
    /// </summary>
    /// <returns>False if there is nothing left to write.</returns>
    private async ValueTask<bool> TakeTurnAsync(bool isRetry)
    {
        // While there is no file, there are no turns to take: SQLite's lock decides who makes the file.
        if (_turn is not null || _writer.Turns is not { } turns) return true;
        _hasWaitedForTurn = false;
        if (turns.Enter() is { } place)
        {
            _hasWaitedForTurn = true;
            if (!isRetry) _busySince = Environment.TickCount64;
            while (!place.Task.IsCompleted)
            {
                await place.Task.WaitAsync(UntilNextIsOverdue(), _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (place.Task.IsCompleted) break;
                ExpireOverdue();
                if (HasWork() && !_closing.IsCancellationRequested) continue;
                if (turns.TryLeave(place)) return false;
            }
        }

        _turn = turns;
        if (!_hasWaitedForTurn || HasWork()) return true;
        PassTurn();
        return false;
    }

    /// <summary>
    /// Ends the turn after a group, if other storages wait and this one has had its share of groups. A caller that appends in
    /// a loop is back in a moment: without a share of several groups, every single append would pay for a change of writers.
    /// </summary>
    private void EndTurnIfOver()
    {
        if (_turn is not { } turn) return;
        turn.Ended = Environment.TickCount64;
        _groupsOfTurn++;
        var isYielded = _writer.ProcessTurns is { } process && process.TryYield();
        if (turn.Waiting is not (> 0 and var waiting)) return;
        if (isYielded || _groupsOfTurn >= WriteTurns.GroupsAmong(waiting)) PassTurn();
        else AwaitNextWork();
    }

    /// <summary>Waits a moment for the next write. Each time that none arrives, more of the next turns end without this wait.</summary>
    private void AwaitNextWork()
    {
        if (HasWork()) return;
        if (_turnsWithoutWaiting > 0)
        {
            _turnsWithoutWaiting--;
            return;
        }

        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetTimestamp() - began < WaitForNextWork;)
        {
            Thread.Yield();
            if (!HasWork()) continue;
            _nextTurnsWithoutWaiting = 1;
            return;
        }

        _turnsWithoutWaiting = _nextTurnsWithoutWaiting;
        _nextTurnsWithoutWaiting = Math.Min(_nextTurnsWithoutWaiting * 2, MaxTurnsWithoutWaiting);
    }

    /// <summary>Ends the turn, if this storage has it.</summary>
    private void PassTurn()
    {
        _groupsOfTurn = 0;
        if (_turn is not { } turn) return;
        _turn = null;
        turn.Pass(_writer.ProcessTurns);
    }

    private TimeSpan UntilNextIsOverdue()
    {
        lock (_lock)
        {
            if (_waiting.First is not { } next) return TimeSpan.Zero;
            var left = _busyTimeout.TotalMilliseconds - (Environment.TickCount64 - Math.Max(next.Value.QueuedAt, _busySince));
            return TimeSpan.FromMilliseconds(Math.Clamp(left, 1, LongestWaitMilliseconds));
        }
    }

    private bool HasWork()
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

    /// <summary>Waits for this process's turn among all that write to the file, if there are others.</summary>
    private async ValueTask TakeProcessTurnAsync(bool isRetry)
    {
        if (_turn is not { } turn) return;
        if (_writer.ProcessTurns is { } process && (turn.OthersWrite || process.IsAnotherInLine()))
        {
            var began = Environment.TickCount64;
            var taking = process.TakeAsync(UntilNextIsOverdue(), _closing.Token);
            if (!taking.IsCompleted && !isRetry && !_hasWaitedForTurn)
            {
                _hasWaitedForTurn = true;
                _busySince = began;
            }

            if (await taking.ConfigureAwait(false) && process.AreTaken) return;
        }

        await LeaveTurnToOthersAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Pauses if this process has committed for a while, and processes that do not take turns want to commit too. A pause that
    /// it made for another reason counts as well.
    /// </summary>
    private async ValueTask LeaveTurnToOthersAsync()
    {
        if (_turn is not { OthersWrite: true } turn) return;
        var now = Environment.TickCount64;
        if (now - turn.Ended >= PauseAfterTurnMilliseconds)
        {
            turn.Began = now;
        }
        else if (now - turn.Began > TurnMilliseconds)
        {
            await Task.Delay(PauseAfterTurnMilliseconds).ConfigureAwait(false);
            turn.Began = Environment.TickCount64;
        }
    }

    /// <summary>
    /// Waits briefly until as many writes are queued as the last group had. If fewer arrive, the group is smaller and the
    /// next one expects only that many: the wait is never in vain twice in a row.
    /// </summary>
    private void AwaitThoseJustServed()
    {
        if (_lastServed < 2) return;
        for (var began = Stopwatch.GetTimestamp(); CountWaiting() < _lastServed && Stopwatch.GetTimestamp() - began < WaitForCompany;)
            Thread.Yield();

        int CountWaiting()
        {
            lock (_lock) return _waiting.Count;
        }
    }

    /// <summary>A short random pause, so that processes which wait for each other do not keep colliding.</summary>
    private static TimeSpan PauseBeforeRetry(int attempt) =>
        TimeSpan.FromMilliseconds(1 + (Random.Shared.NextDouble() * Math.Min(attempt, 2)));

    /// <summary>Whether the write lock was taken. If that failed for good, the waiting callers are told.</summary>
    private async ValueTask<bool> TryBeginAsync(bool isRetry)
    {
        try
        {
            var began = _writer.TryBegin();
            if (!isRetry && !_hasWaitedForTurn) _busySince = Environment.TickCount64;
            return began;
        }
        catch (EventSourcingException failure)
        {
            await _writer.SaveLogIfMovedAsync(_readers).ConfigureAwait(false);
            TakeGroup();
            FailGroup(failure);
            PassTurn();
            return false;
        }
    }

    private void TakeGroup()
    {
        _group.Clear();
        lock (_lock)
        {
            for (var weight = 0; _group.Count < MaxGroup && _waiting.First is { } next
                && (_group.Count == 0 || weight + next.Value.Weight <= MaxGroupWeight);)
            {
                _waiting.RemoveFirst();
                if (!next.Value.TryTake()) continue;
                if (next.Value.MeasuredFrom != 0) next.Value.TakenAt = Stopwatch.GetTimestamp();
                weight += next.Value.Weight;
                _group.Add(next.Value);
            }
        }
    }

    private async ValueTask CommitGroupAsync()
    {
        TakeGroup();
        try
        {
            if (!await _writer.TryCommitAsync(_group, _lookForRepetitions).ConfigureAwait(false))
            {
                // Most likely an id is stored already. Nothing was written; the same group is tried again, with its ids looked up first.
                _lookForRepetitions = true;
                PutBackGroup();
                return;
            }

            _lookForRepetitions = false;
            _lastServed = _group.Count;

            // The caller that erased something is told only when the copies are gone too, unless a reader of another process is in the way.
            if (_writer.LogHoldsErased) await _writer.CheckpointIfDueAsync(_readers).ConfigureAwait(false);
            foreach (var work in _group) work.Complete();
            _group.Clear();
        }
        catch (TransactionLostException lost)
        {
            // Nothing was committed, so only the caller whose write caused it is told; the others begin again.
            _group.Remove(lost.Work!);
            lost.Work!.Fail(lost.Error);
            PutBackGroup();
        }
        catch (Exception failure)
        {
            _lookForRepetitions = false;
            await _writer.SaveLogIfMovedAsync(_readers).ConfigureAwait(false);
            FailGroup(failure);
        }
    }

    /// <summary>
    /// Fails the writes that are lost. Refused writes are decided again, since a refusal may be due to a write that is now lost.
    /// Each failure completes at least one caller, so this cannot go on for ever.
    /// </summary>
    private void FailGroup(Exception failure)
    {
        var isAllRefused = _group.TrueForAll(work => work.Refusal is not null);
        foreach (var work in _group)
        {
            if (isAllRefused || work.Refusal is null) work.Fail(failure);
        }

        _group.RemoveAll(work => isAllRefused || work.Refusal is null);
        PutBackGroup();
    }

    private void PutBackGroup()
    {
        lock (_lock)
        {
            for (var i = _group.Count - 1; i >= 0; i--)
            {
                _group[i].PutBack();
                _waiting.AddFirst(_group[i]);
            }
        }
    }

    /// <summary>Fails the writes that have waited too long for the lock; time in which the queue moved does not count.</summary>
    private void ExpireOverdue()
    {
        var now = Environment.TickCount64;
        List<WriteWork> overdue = [];
        lock (_lock)
        {
            for (var node = _waiting.First; node is not null;)
            {
                var next = node.Next;
                if (!node.Value.IsWaiting || Waited(node.Value) >= _busyTimeout.TotalMilliseconds)
                {
                    _waiting.Remove(node);
                    if (node.Value.TryTake()) overdue.Add(node.Value);
                }

                node = next;
            }
        }

        foreach (var work in overdue) work.Fail(new StoreBusyException(_writer.Path, TimeSpan.FromMilliseconds(Waited(work))));

        long Waited(WriteWork work) => now - Math.Max(work.QueuedAt, _busySince);
    }

    private bool StepDownIfIdle()
    {
        lock (_lock)
        {
            if (_waiting.Count > 0 && !_isClosing) return false;
            foreach (var work in _waiting)
            {
                if (work.TryTake()) work.Fail(Closed());
            }

            _waiting.Clear();
            PassTurn(); // before the next caller leads
            _isLed = false;
            if (_isClosing) _closed.TrySetResult();
            return true;
        }
    }
}
