namespace EventSourcing;

/// <summary>
/// Starts a projection or reactor again that has failed in this process: for each order to start it, and once for an order to rebuild its
/// read model.
/// </summary>
internal sealed class OrderedRestart(EventStore store, Supervisor supervisor, Action<Supervisor> startAgain)
{
    private readonly StandingOrders _orders = new(store);
    private string? _start;
    private string? _rebuild;

    /// <summary>Watches until it is stopped. It reads nothing as long as nothing has failed.</summary>
    public async Task WatchAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var order = store.Signals.NextOrderOf(supervisor.Name);
            var completion = supervisor.Completion;
            try
            {
                if (completion.IsFaulted && await IsToStartAsync(stop).ConfigureAwait(false))
                {
                    startAgain(supervisor);
                    completion = supervisor.Completion;
                }
            }
            catch (Exception e) when (e is EventSourcingException or ObjectDisposedException or OperationCanceledException)
            {
                // The storage fails or is closed. The next order is the next try.
            }

            // A run that has failed is looked at again when there is an order, not because it has failed.
            var wake = completion.IsCompleted ? order : completion;
            await wake.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Whether there is an order that neither the failed run nor a restart has seen.</summary>
    private async ValueTask<bool> IsToStartAsync(CancellationToken stop)
    {
        if ((await _orders.FindAsync(supervisor.Name, stop).ConfigureAwait(false))?.Content is not { } found) return false;
        var isStart = found.Start is not null && found.Start != _start && found.Start != supervisor.SeenOrder?.Start;
        var isRebuild = found.Rebuild is not null && found.Rebuild != _rebuild;
        (_start, _rebuild) = (found.Start, found.Rebuild);
        return isStart || isRebuild;
    }
}
