namespace EventSourcing;

/// <summary>
/// Polls for the appends of other processes while any caller waits for events. It polls once for all callers, and less often
/// when nothing has been appended for a while.
/// </summary>
internal sealed class HeadPoller(
    TimeSpan interval, TimeProvider clock, HeadSignal signal, Func<CancellationToken, ValueTask<long>> readHead)
{
    /// <summary>After how many polls without a result it polls less often.</summary>
    private const int LooksBeforeRest = 40;

    /// <summary>How many times longer the interval is then.</summary>
    private const int RestFactor = 10;

    /// <summary>The pause before the next poll if the app's clock has failed, by the system's clock.</summary>
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly TimeSpan _intervalAtRest = interval * RestFactor < TimeLimit.Longest ? interval * RestFactor : TimeLimit.Longest;
    private readonly Lock _lock = new();
    private int _watchers;
    private bool _isPolling;

    /// <summary>Waits until there are events after a position.</summary>
    /// <param name="position">The position.</param>
    /// <param name="userCode">Tells whether the caller is code that a write is waiting for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The head of the log.</returns>
    /// <exception cref="InvalidOperationException">The caller is code that a write is waiting for.</exception>
    public async ValueTask<long> WaitForEventsAsync(long position, UserCode userCode, CancellationToken cancellationToken)
    {
        if (signal.Head <= position) signal.Advance(await readHead(cancellationToken).ConfigureAwait(false));
        if (signal.Head > position) return signal.Head;
        userCode.ThrowIfWithin(UserCode.Kind.Write, "wait for further events");

        // Another process cannot wake this one, so the store is polled: once for all callers that wait.
        using (Watch()) await signal.WaitAsync(position, cancellationToken).ConfigureAwait(false);
        return signal.Head;
    }

    /// <summary>Polls until the returned object is disposed, and longer if other callers watch too.</summary>
    private Watching Watch()
    {
        lock (_lock)
        {
            _watchers++;
            if (!_isPolling)
            {
                _isPolling = true;

                // It polls for all callers, so it must not keep the context of the first one.
                using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow()) _ = Task.Run(PollAsync);
            }
        }

        return new Watching(this);
    }

    /// <summary>
    /// All idle stores poll at the same moments: the clock's multiples of the interval. The cost of an idle process is mostly that of
    /// waking up, so the polls of a hundred stores cost little more than those of one.
    /// </summary>
    private TimeSpan UntilNextAtRest()
    {
        var pause = _intervalAtRest;
        var left = pause - TimeSpan.FromTicks(clock.GetElapsedTime(0).Ticks % pause.Ticks);

        // A timer may fire a little early. If so, the poll of the coming moment was done just now.
        return left < pause / 4 ? left + pause : left;
    }

    private async Task PollAsync()
    {
        var inVain = 0;
        for (var known = signal.Head; ; known = signal.Head)
        {
            await PauseAsync(isAtRest: inVain >= LooksBeforeRest).ConfigureAwait(false);
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
                // The callers that wait now must be told. If one of them waits again, polling begins again.
                signal.Fail(failure);
            }
        }
    }

    private async ValueTask PauseAsync(bool isAtRest)
    {
        try
        {
            await Task.Delay(isAtRest ? UntilNextAtRest() : interval, clock).ConfigureAwait(false);
            return;
        }
        catch (Exception failure)
        {
            // The clock is the app's, and may throw. The callers that wait now must be told.
            signal.Fail(failure);
        }

        // A caller that was about to wait has not been told. So there must be another poll: it finds events for the caller, or the next
        // failure is reported to the caller.
        await Task.Delay(PauseAfterFailure, TimeProvider.System).ConfigureAwait(false);
    }

    private readonly struct Watching(HeadPoller poller) : IDisposable
    {
        public void Dispose()
        {
            lock (poller._lock) poller._watchers--;
        }
    }
}
