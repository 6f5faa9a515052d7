namespace EventSourcing;

/// <summary>The calls in progress, which a disposal waits for. Thread-safe.</summary>
internal sealed class RunningCalls
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;
    private bool _isClosed;

    /// <summary>Counts a call until the returned object is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The storage was disposed.</exception>
    public Call Enter()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(PostgresEventStorage));
            _count++;
        }

        return new Call(this);
    }

    /// <summary>Refuses new calls; completes when those in progress have ended.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _isClosed = true;
            if (_count == 0) _ended.TrySetResult();
        }

        return _ended.Task;
    }

    /// <summary>A call in progress.</summary>
    public readonly struct Call(RunningCalls calls) : IDisposable
    {
        public void Dispose()
        {
            lock (calls._lock)
            {
                if (--calls._count == 0 && calls._isClosed) calls._ended.TrySetResult();
            }
        }
    }
}
