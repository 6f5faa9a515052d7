namespace EventSourcing;

/// <summary>Looks for the appends of other processes while anybody waits for events: once for all who wait.</summary>
internal sealed class HeadPoller(TimeSpan interval, HeadSignal signal, Func<CancellationToken, ValueTask<long>> readHead)
{
    private readonly Lock _lock = new();
    private int _watchers;
    private bool _isPolling;

    /// <summary>Polls until the returned object is disposed, and longer where others watch too.</summary>
    public Watching Watch()
    {
        lock (_lock)
        {
            _watchers++;
            if (!_isPolling)
            {
                _isPolling = true;
                _ = Task.Run(PollAsync);
            }
        }

        return new Watching(this);
    }

    private async Task PollAsync()
    {
        while (true)
        {
            await Task.Delay(interval).ConfigureAwait(false);
            lock (_lock)
            {
                if (_watchers == 0)
                {
                    _isPolling = false;
                    return;
                }
            }

            try
            {
                signal.Advance(await readHead(CancellationToken.None).ConfigureAwait(false));
            }
            catch (Exception failure)
            {
                // Those who wait now must hear of it; whoever waits again has it looked at again.
                signal.Fail(failure);
            }
        }
    }

    public readonly struct Watching(HeadPoller poller) : IDisposable
    {
        public void Dispose()
        {
            lock (poller._lock) poller._watchers--;
        }
    }
}
