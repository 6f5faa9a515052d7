namespace EventSourcing;

/// <summary>
/// The orders for whole projections and reactors: run or do not run, and rebuild the read model. One document per name holds the state that
/// is wanted. An order is thus carried out however often a process crashes in between, and an order given twice is carried out once.
/// Thread-safe.
/// </summary>
internal sealed class StandingOrders(EventStore store)
{
    private readonly ControlDocuments _documents = new(store.Storage.ReadModels);

    /// <summary>The orders for a name; null if none was ever given.</summary>
    public ValueTask<ReadDocument<StandingOrderRecord>?> FindAsync(string projection, CancellationToken cancellationToken) =>
        _documents.FindAsync<StandingOrderRecord>(ControlDocuments.Standing, projection, cancellationToken);

    /// <summary>Gives an order: changes the stored orders, and tells the processes that run projections to look.</summary>
    /// <param name="projection">The name of the projection or reactor.</param>
    /// <param name="order">Returns the new orders, from the current ones; the same for no change.</param>
    /// <param name="cancellationToken">Cancels while the order waits to be stored.</param>
    public async ValueTask GiveAsync(
        string projection, Func<StandingOrderRecord, StandingOrderRecord> order, CancellationToken cancellationToken)
    {
        while (true)
        {
            var before = await FindAsync(projection, cancellationToken).ConfigureAwait(false);
            var known = before?.Content ?? new StandingOrderRecord(IsStopped: false);
            var after = order(known);
            if (after == known) return;
            var commit = new ReadModelCommit
            {
                Guards = [before?.Guard ?? new DocumentGuard(ControlDocuments.Standing, projection, null)],
                Creates = ControlDocuments.Definitions,
                Changes = [ControlDocuments.Write(ControlDocuments.Standing, projection, after), ControlDocuments.NewOrder()],
            };
            try
            {
                await ControlDocuments.CommitAsync(store.Storage.ReadModels, commit, cancellationToken).ConfigureAwait(false);
                store.Signals.OrderGiven(projection);
                return;
            }
            catch (ReadModelConflictException)
            {
                // Another order has just been given or carried out: try again, on the orders that are stored now.
            }
        }
    }
}
