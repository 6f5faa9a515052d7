using System.Diagnostics;

namespace EventSourcing;

/// <summary>
/// Group commit. Writes are queued. The caller that finds the queue idle leads: the storage takes the queued writes in order, commits
/// them together, and gives each its own result, so that one sync of the disk or one round trip serves all concurrent callers. While a
/// group is committed, the next one gathers. A lone caller commits on its own thread without delay.
/// </summary>
/// <typeparam name="TWork">The writes.</typeparam>
/// <param name="writer">Commits the groups.</param>
/// <param name="busyTimeout">How long a write waits at most while no group can be committed.</param>
/// <param name="userCode">Tells whether a caller is code that a write is waiting for.</param>
/// <param name="closed">The error for a write that is waiting when the storage is disposed, or that comes afterwards.</param>
internal sealed class GroupCommit<TWork>(
    IGroupWriter<TWork> writer, TimeSpan busyTimeout, UserCode userCode, Func<QueuedWrite, Exception> closed) : IAsyncDisposable
    where TWork : QueuedWrite
{
    /// <summary>How many writes may be queued; further callers wait, asynchronously, until there is room.</summary>
    private const int Capacity = 4096;

    /// <summary>
    /// How long a group waits at most to become as large as the last one. This is a fraction of the time of a disk sync. Callers that
    /// append in a loop come back within that time. Without the wait, half of them miss each group and alternate with the other half.
    /// </summary>
    private static readonly long WaitForCompany = Stopwatch.Frequency * 40 / 1_000_000;

    private readonly SemaphoreSlim _room = new(Capacity, Capacity);
    private readonly WriteQueue<TWork> _queue = new(busyTimeout, closed);

    // Used only by the leader.
    private int _lastServed;

    /// <summary>Queues a write, and completes when the write's task does. The write can be cancelled until a group takes it.</summary>
    /// <param name="work">The write.</param>
    /// <param name="result">The write's task.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="InvalidOperationException">The caller is code that a write is waiting for.</exception>
    public async ValueTask<TResult> CommitAsync<TResult>(TWork work, Task<TResult> result, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        userCode.ThrowIfWithin(UserCode.Kind.Write, "write to it");
        if (!_room.Wait(0, CancellationToken.None)) await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
        var place = new LinkedListNode<TWork>(work);
        try
        {
            using var cancellation = cancellationToken.UnsafeRegister(
                static (state, token) => ((QueuedWrite)state!).TryCancel(token), work);
            if (_queue.Enqueue(place)) Lead();
            return await result.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _queue.Leave(place);
            throw;
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>Refuses new writes, fails those that wait, and lets the current group finish.</summary>
    public ValueTask DisposeAsync() => _queue.DisposeAsync();

    private void Lead()
    {
        // A commit may block its thread, for about one sync of the disk. A thread with a synchronization context (a user interface's)
        // is not blocked. The leader acts for all callers, so it does not carry the first caller's context along.
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
        for (var attempt = 0; ;)
        {
            Obstacle? obstacle = null;
            try
            {
                if (attempt == 0)
                {
                    AwaitThoseJustServed();
                    _queue.CountWaitsFromNow();
                }

                obstacle = await writer.CommitNextAsync(_queue, attempt).ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                // Whatever has failed, the callers must be told, and the next callers need a leader.
                _queue.FailNextGroup(failure);
            }

            if (_queue.EndGroup() is > 0 and var served && obstacle is null) _lastServed = served;
            if (obstacle is not null) _queue.ExpireOverdue(obstacle.ErrorAfter);
            if (_queue.TryStepDown(writer)) return;
            if (obstacle is null)
            {
                attempt = 0;
                if (!writer.MayKeepThread) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            }
            else
            {
                attempt++;
                if (obstacle.Pause > TimeSpan.Zero)
                    await Task.Delay(obstacle.Pause, TimeProvider.System, _queue.Closing)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>
    /// Waits briefly until as many writes are queued as the last group had. If fewer arrive, the group is smaller and the next one
    /// expects only that many: the wait is never in vain twice in a row.
    /// </summary>
    private void AwaitThoseJustServed()
    {
        if (_lastServed < 2) return;
        for (var began = Stopwatch.GetTimestamp(); _queue.Count < _lastServed && Stopwatch.GetTimestamp() - began < WaitForCompany;)
            Thread.Yield();
    }
}
