namespace EventSourcing.Storage;

/// <summary>For storages: wakes callers that wait for events after a position. Thread-safe.</summary>
public sealed class HeadSignal
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _advanced;
    private long _head;
    private bool _closed;

    /// <summary>The newest head announced.</summary>
    public long Head => Volatile.Read(ref _head);

    /// <summary>Announces a head. Call it once the events up to there can be read. A lower head than before is ignored.</summary>
    /// <param name="head">The position of the last readable event.</param>
    public void Advance(long head)
    {
        TaskCompletionSource? waiters;
        lock (_lock)
        {
            if (head <= _head) return;
            Volatile.Write(ref _head, head);
            waiters = _advanced;
            _advanced = null;
        }

        waiters?.TrySetResult();
    }

    /// <summary>Completes when a head above a position is announced; at once if one was announced before.</summary>
    /// <param name="position">The position already seen.</param>
    /// <param name="cancellationToken">Ends the wait and frees its memory.</param>
    /// <returns>A task that fails with <see cref="ObjectDisposedException"/> when the signal is closed.</returns>
    public async Task WaitAsync(long position, CancellationToken cancellationToken = default)
    {
        while (Head <= position) await NextAdvanceAfter(position).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Fails all current waits; later ones are not affected.</summary>
    /// <param name="failure">The error that they get.</param>
    public void Fail(Exception failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        TaskCompletionSource? waiters;
        lock (_lock)
        {
            waiters = _advanced;
            _advanced = null;
        }

        if (waiters is null) return;
        waiters.TrySetException(failure);

        // All waiters may have left by now; then nothing else observes the exception.
        _ = waiters.Task.Exception;
    }

    /// <summary>Fails all waits, current and later ones, with <see cref="ObjectDisposedException"/>.</summary>
    public void Close()
    {
        lock (_lock) _closed = true;
        Fail(new ObjectDisposedException(nameof(IEventStorage)));
    }

    private Task NextAdvanceAfter(long position)
    {
        lock (_lock)
        {
            if (_head > position) return Task.CompletedTask;
            ObjectDisposedException.ThrowIf(_closed, typeof(IEventStorage));

            // One source serves all waiters up to the next advance; each checks again when it wakes.
            return (_advanced ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
