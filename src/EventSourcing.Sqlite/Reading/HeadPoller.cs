namespace EventSourcing;

/// <summary>
/// Looks for the appends of other processes while anybody waits for events: once for all who wait, and less often when
/// nothing has been appended for a while.
/// </summary>
internal sealed class HeadPoller(TimeSpan interval, TimeProvider clock, HeadSignal signal, Func<CancellationToken, ValueTask<long>> readHead)
{
    /// <summary>After how many looks in vain it looks less often.</summary>
    private const int LooksBeforeRest = 40;

    /// <summary>How many times longer it waits between two looks then.</summary>
    private const int RestFactor = 10;

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

                // It looks for all who wait, so nothing of the first one's context may stay with it.
                using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow()) _ = Task.Run(PollAsync);
            }
        }

        return new Watching(this);
    }

    /// <summary>
    /// Stores at rest look at the same moments, which divide the clock's time evenly. What an idle process costs is waking
    /// up, so the looks of a hundred stores cost little more than those of one.
    /// </summary>
    private TimeSpan UntilNextAtRest()
    {
        var pause = interval * RestFactor;
        if (pause <= TimeSpan.Zero) return pause;
        var left = pause - TimeSpan.FromTicks(clock.GetElapsedTime(0).Ticks % pause.Ticks);

        // A timer may fire a little early. That was the look of this moment.
        return left < pause / 4 ? left + pause : left;
    }

    private async Task PollAsync()
    {
        var inVain = 0;
        for (var known = signal.Head; ; known = signal.Head)
        {
            await Task.Delay(inVain < LooksBeforeRest ? interval : UntilNextAtRest(), clock).ConfigureAwait(false);
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
                inVain = signal.Head > known ? 0 : Math.Min(inVain + 1, LooksBeforeRest);
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
