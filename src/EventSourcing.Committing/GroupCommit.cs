using System.Diagnostics;

namespace EventSourcing;

/// <summary>Why a group could not be committed now, although nothing is wrong with it.</summary>
/// <param name="Pause">How long to wait before the next attempt.</param>
/// <param name="ErrorAfter">The error for a write that has waited too long, made from the write and how long it waited.</param>
internal sealed record Obstacle(TimeSpan Pause, Func<QueuedWrite, TimeSpan, Exception> ErrorAfter);

/// <summary>
/// Group commit for a database that is reached asynchronously. Writes are queued. The caller that finds the queue idle leads: it
/// takes the queued writes in order and commits them together. While it waits for the database, the next group gathers. A lone
/// caller commits without delay.
/// </summary>
/// <remarks>It knows no SQL: one delegate commits a group.</remarks>
/// <typeparam name="TWork">The writes.</typeparam>
/// <param name="commit">
/// Commits a group. By the time it returns, each write is completed or failed; any others were not written, and are tried again: then
/// it returns the obstacle, or <see langword="null"/> to try again at once. If it throws, the writes without a result have failed.
/// </param>
/// <param name="busyTimeout">How long a write waits while no group can be committed.</param>
/// <param name="closed">The error for a write that waits when the storage is disposed, or comes afterwards.</param>
internal sealed class GroupCommit<TWork>(Func<List<TWork>, ValueTask<Obstacle?>> commit, TimeSpan busyTimeout, Func<QueuedWrite,
    Exception> closed) : IAsyncDisposable
    where TWork : QueuedWrite
{
    /// <summary>How many writes may be queued; further callers wait, asynchronously, until there is room.</summary>
    private const int Capacity = 4096;

    /// <summary>The most writes that share a transaction.</summary>
    private const int MaxGroup = 512;

    /// <summary>The most rows that they write together: the lock must not be held so long that other processes give up.</summary>
    private const int MaxGroupWeight = 10_000;

    /// <summary>
    /// How long a group waits until it is as large as the last one: a fraction of a round trip. Callers that append in a loop come
    /// back within that time.
    /// </summary>
    private static readonly long WaitForCompany = Stopwatch.Frequency * 50 / 1_000_000;

    private readonly SemaphoreSlim _room = new(Capacity, Capacity);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closing = new();

    // Guarded by the lock.
    private readonly Lock _lock = new();
    private readonly LinkedList<TWork> _waiting = [];
    private bool _isLed;
    private bool _isClosing;

    // Used only by the leader.
    private readonly List<TWork> _group = [];
    private int _lastServed;
    private long _busySince;

    /// <summary>Queues a write; completes with its task. It can be cancelled while no group has it.</summary>
    /// <param name="work">The write.</param>
    /// <param name="result">The write's task.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public async ValueTask<TResult> CommitAsync<TResult>(TWork work, Task<TResult> result, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_room.Wait(0, CancellationToken.None)) await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using var cancellation = cancellationToken.UnsafeRegister(
                static (state, token) => ((QueuedWrite)state!).TryCancel(token), work);
            if (Enqueue(work)) Lead();
            return await result.ConfigureAwait(false);
        }
        finally
        {
            _room.Release();
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

        await _closing.CancelAsync().ConfigureAwait(false);
        await _closed.Task.ConfigureAwait(false);
        _closing.Dispose();
    }

    /// <summary>Queues a write; true if the caller must lead.</summary>
    private bool Enqueue(TWork work)
    {
        lock (_lock)
        {
            if (_isClosing) throw closed(work);
            _waiting.AddLast(work);
            if (_isLed) return false;
            return _isLed = true;
        }
    }

    private void Lead()
    {
        // The leader acts for all callers, so it does not carry the first caller's context along.
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
            using (ExecutionContext.SuppressFlow()) _ = LeadAsync();
        }
    }

    private async Task LeadAsync()
    {
        _busySince = Environment.TickCount64;
        for (var attempt = 0; ;)
        {
            if (attempt == 0) AwaitThoseJustServed();
            TakeGroup();
            Obstacle? obstacle = null;
            if (_group.Count > 0)
            {
                var served = _group.Count;
                try
                {
                    obstacle = await commit(_group).ConfigureAwait(false);
                }
                catch (Exception failure)
                {
                    FailGroup(failure);
                }

                PutBackGroup();
                if (obstacle is null)
                {
                    _busySince = Environment.TickCount64;
                    _lastServed = served;
                }
                else
                {
                    ExpireOverdue(obstacle);
                }
            }

            if (StepDownIfIdle()) return;
            attempt = obstacle is null ? 0 : attempt + 1;
            if (obstacle is { Pause: var pause } && pause > TimeSpan.Zero)
                await Task.Delay(pause, TimeProvider.System, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Waits briefly until as many writes are queued as the last group had. If fewer arrive, the next group expects only that many:
    /// the wait is never in vain twice in a row.
    /// </summary>
    private void AwaitThoseJustServed()
    {
        if (_lastServed < 2) return;
        for (var began = Stopwatch.GetTimestamp(); CountWaiting() < _lastServed
            && Stopwatch.GetTimestamp() - began < WaitForCompany;) Thread.Yield();

        int CountWaiting()
        {
            lock (_lock) return _waiting.Count;
        }
    }

    private void TakeGroup()
    {
        _group.Clear();
        lock (_lock)
        {
            for (var weight = 0; _group.Count < MaxGroup && _waiting.First is { } next;)
            {
                if (_group.Count > 0 && (weight + next.Value.Weight > MaxGroupWeight || next.Value.IsAlone)) break;
                _waiting.RemoveFirst();
                if (!next.Value.TryTake()) continue;
                weight += next.Value.Weight;
                _group.Add(next.Value);
                if (next.Value.IsAlone) break;
            }
        }
    }

    /// <summary>
    /// Fails the writes that are lost. A refusal may be due to a write that is now lost and so never happened: refused writes are
    /// decided anew. Each failure completes at least one caller, so this cannot go on for ever.
    /// </summary>
    private void FailGroup(Exception failure)
    {
        var isAllRefused = _group.TrueForAll(work => !work.IsTaken || work.Refusal is not null);
        foreach (var work in _group)
        {
            if (work.IsTaken && (isAllRefused || work.Refusal is null)) work.Fail(failure);
        }
    }

    /// <summary>Puts back the writes that have no result.</summary>
    private void PutBackGroup()
    {
        lock (_lock)
        {
            for (var i = _group.Count - 1; i >= 0; i--)
            {
                if (!_group[i].IsTaken) continue;
                _group[i].PutBack();
                _waiting.AddFirst(_group[i]);
            }
        }

        foreach (var work in _group) work.CancelIfAsked();
        _group.Clear();
    }

    /// <summary>Fails the writes that have waited too long; time in which groups were committed does not count.</summary>
    private void ExpireOverdue(Obstacle obstacle)
    {
        var now = Environment.TickCount64;
        List<TWork> overdue = [];
        lock (_lock)
        {
            for (var node = _waiting.First; node is not null;)
            {
                var next = node.Next;
                if (!node.Value.IsWaiting || Waited(node.Value) >= busyTimeout.TotalMilliseconds)
                {
                    _waiting.Remove(node);
                    if (node.Value.TryTake()) overdue.Add(node.Value);
                }

                node = next;
            }
        }

        foreach (var work in overdue) work.Fail(obstacle.ErrorAfter(work, TimeSpan.FromMilliseconds(Waited(work))));

        long Waited(TWork work) => now - Math.Max(work.QueuedAt, _busySince);
    }

    private bool StepDownIfIdle()
    {
        lock (_lock)
        {
            if (_waiting.Count > 0 && !_isClosing) return false;
            foreach (var work in _waiting)
            {
                if (work.TryTake()) work.Fail(closed(work));
            }

            _waiting.Clear();
            _isLed = false;
            if (_isClosing) _closed.TrySetResult();
            return true;
        }
    }
}
