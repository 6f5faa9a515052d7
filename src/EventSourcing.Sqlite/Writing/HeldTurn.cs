using System.Diagnostics;

namespace EventSourcing;

/// <summary>
/// The turn of one storage to write: among those of its process (<see cref="WriteTurns"/>), and of its process among all that write to
/// the file (<see cref="ProcessTurns"/>). It lasts for several groups while others wait. Only the leader uses it.
/// </summary>
internal sealed class HeldTurn
{
    /// <summary>
    /// How long, in milliseconds, one process keeps committing while other processes want to. Then it leaves the lock alone
    /// for a pause that is long enough for them to take it. SQLite has no queue for its lock, so without the pause the
    /// process that has the lock keeps it.
    /// </summary>
    private const int TurnMilliseconds = 10;

    /// <summary>Longer than any pause between two attempts of a process that waits.</summary>
    private const int PauseAfterTurnMilliseconds = 5;

    /// <summary>After waits for the next write that were in vain, at most so many turns in a row end without such a wait.</summary>
    private const int MaxTurnsWithoutWaiting = 16;

    /// <summary>
    /// How long a turn waits for the next write of its storage while other storages wait for the turn. It is less than the
    /// cost of changing writers, which reads pages and hashes anew.
    /// </summary>
    private static readonly long WaitForNextWork = Stopwatch.Frequency * 150 / 1_000_000;

    private readonly Writer _writer;
    private WriteTurns? _turn;
    private int _groups;
    private int _turnsWithoutWaiting;
    private int _nextTurnsWithoutWaiting = 1;

    public HeldTurn(Writer writer)
    {
        _writer = writer;
        Overdue = (_, waited) => new StoreBusyException(writer.Path, waited);
    }

    /// <summary>The error for a write that has waited for too long.</summary>
    public Func<QueuedWrite, TimeSpan, Exception> Overdue { get; }

    /// <summary>Whether the group had to wait for its turn.</summary>
    public bool HasWaited { get; private set; }

    /// <summary>
    /// Waits for this storage's turn among those of the process. If it could not begin, it keeps the turn for its next
    /// attempt: another process has the lock, and the other storages of this process could not begin either.
    /// </summary>
    /// <returns>False if there is nothing left to write.</returns>
    public async ValueTask<bool> TakeAsync(WriteQueue<WriteWork> queue, bool isRetry)
    {
        if (!isRetry) HasWaited = false;

        // While there is no file, there are no turns to take: SQLite's lock decides who makes the file.
        if (_turn is not null || _writer.Turns is not { } turns) return true;
        HasWaited = false;
        if (turns.Enter() is { } place)
        {
            HasWaited = true;
            while (!place.Task.IsCompleted)
            {
                await place.Task.WaitAsync(queue.UntilNextIsOverdue, queue.Closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (place.Task.IsCompleted) break;
                queue.ExpireOverdue(Overdue);
                if (queue.HasWork && !queue.Closing.IsCancellationRequested) continue;
                if (turns.TryLeave(place)) return false;
            }
        }

        _turn = turns;
        if (!HasWaited || queue.HasWork) return true;
        Pass();
        return false;
    }

    /// <summary>Waits for this process's turn among all that write to the file, if there are others.</summary>
    public async ValueTask TakeOfProcessAsync(WriteQueue<WriteWork> queue, bool isRetry)
    {
        if (_turn is not { } turn) return;
        if (_writer.ProcessTurns is { } process && (turn.OthersWrite || process.IsAnotherInLine()))
        {
            var taking = process.TakeAsync(queue.UntilNextIsOverdue, queue.Closing);
            if (!taking.IsCompleted && !isRetry) HasWaited = true;
            if (await taking.ConfigureAwait(false) && process.AreTaken) return;
        }

        await LeaveToOthersAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Ends the turn after a group, if other storages wait and this one has had its share of groups. A caller that appends in
    /// a loop is back in a moment: without a share of several groups, every single append would pay for a change of writers.
    /// </summary>
    public void EndIfOver(WriteQueue<WriteWork> queue)
    {
        if (_turn is not { } turn) return;
        turn.Ended = Environment.TickCount64;
        _groups++;
        var isYielded = _writer.ProcessTurns is { } process && process.TryYield();
        if (turn.Waiting is not (> 0 and var waiting)) return;
        if (isYielded || _groups >= WriteTurns.GroupsAmong(waiting)) Pass();
        else AwaitNextWork(queue);
    }

    /// <summary>Ends the turn, if this storage has it.</summary>
    public void Pass()
    {
        _groups = 0;
        if (_turn is not { } turn) return;
        _turn = null;
        turn.Pass(_writer.ProcessTurns);
    }

    /// <summary>Waits a moment for the next write. Each time that none arrives, more of the next turns end without this wait.</summary>
    private void AwaitNextWork(WriteQueue<WriteWork> queue)
    {
        if (queue.HasWork) return;
        if (_turnsWithoutWaiting > 0)
        {
            _turnsWithoutWaiting--;
            return;
        }

        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetTimestamp() - began < WaitForNextWork;)
        {
            Thread.Yield();
            if (!queue.HasWork) continue;
            _nextTurnsWithoutWaiting = 1;
            return;
        }

        _turnsWithoutWaiting = _nextTurnsWithoutWaiting;
        _nextTurnsWithoutWaiting = Math.Min(_nextTurnsWithoutWaiting * 2, MaxTurnsWithoutWaiting);
    }

    /// <summary>
    /// Pauses if this process has committed for a while, and processes that do not take turns want to commit too. A pause that
    /// it made for another reason counts as well.
    /// </summary>
    private async ValueTask LeaveToOthersAsync()
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
}
