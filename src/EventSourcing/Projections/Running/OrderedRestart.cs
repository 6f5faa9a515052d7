namespace EventSourcing;

/// <summary>
/// Starts a projection or reactor again that has failed in this process: for each order to start it, and once for an order to build
/// its read model anew.
/// </summary>
internal sealed class OrderedRestart(EventStore store, Supervisor supervisor, Action<Supervisor> startAgain)
{
    private readonly StandingOrders _orders = new(store);
    private StandingOrderRecord? _known;
    private bool _isKnown;
    private string? _rebuild;

    /// <summary>Does so until it is stopped.</summary>
    public async Task WatchAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var order = store.Signals.NextOrderOf(supervisor.Name);
            var completion = supervisor.Completion;
            try
            {
                if (IsToStart((await _orders.FindAsync(supervisor.Name, stop).ConfigureAwait(false))?.Content, completion.IsFaulted))
                {
                    startAgain(supervisor);
                    completion = supervisor.Completion;
                }
            }
            catch (Exception e) when (e is EventSourcingException or ObjectDisposedException or OperationCanceledException)
            {
                // The storage fails or is closed. The next order is the next try.
            }

            // One that has failed is looked at again when there is an order, and not because it has failed.
            Task[] wakes = completion.IsCompleted ? [order] : [order, completion];
            await ((Task)Task.WhenAny(wakes)).WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Whether what is ordered now differs from what was seen before, and concerns one that has failed.</summary>
    private bool IsToStart(StandingOrderRecord? found, bool hasFailed)
    {
        var isStart = _isKnown && found?.Start != _known?.Start;
        (_known, _isKnown) = (found, true);
        if (!hasFailed || found is null) return false;
        if (found.Rebuild is null || found.Rebuild == _rebuild) return isStart;
        _rebuild = found.Rebuild;
        return true;
    }
}
