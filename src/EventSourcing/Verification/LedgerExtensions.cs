namespace EventSourcing;

/// <summary>Reaches the ledger of a store.</summary>
public static class LedgerExtensions
{
    /// <param name="store">The store.</param>
    extension(EventStore store)
    {
        /// <summary>What the log can prove about its own history. Each call makes a new handle, which holds nothing of its own.</summary>
        public EventLedger Ledger
        {
            get
            {
                ArgumentNullException.ThrowIfNull(store);
                return new EventLedger(store);
            }
        }
    }
}
