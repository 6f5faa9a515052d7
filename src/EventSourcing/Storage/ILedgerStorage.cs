namespace EventSourcing.Storage;

/// <summary>
/// The Merkle tree that a storage keeps over its log: rule 11 of <see cref="IEventStorage"/>. On level 0 its hashes are those
/// of the events' leaves, computed from the events as they are stored at the time of the call. On higher levels they are the
/// stored tiles. Thread-safe.
/// </summary>
public interface ILedgerStorage : IMerkleHashes
{
    /// <summary>The frontier of the tree over all events committed so far.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The frontier; its size is the head of the log. It belongs to the caller.</returns>
    ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Makes sure that every event that is readable now is as durable as those of appends that have returned: an event must not
    /// be lost after a checkpoint that covers it was signed. By default it completes at once, which is right if no event is
    /// readable before it is durable.
    /// </summary>
    /// <param name="cancellationToken">Abandons the wait.</param>
    /// <returns>A task that completes when they are durable.</returns>
    ValueTask SyncAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    /// <summary>Reads a page of the log for verification. Damage of the store is a finding, not an exception.</summary>
    /// <param name="after">The position before the page's first.</param>
    /// <param name="limit">
    /// The most positions in the page. Its end is <see cref="EventPage.Next"/>; it ends early to limit memory.
    /// </param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The page.</returns>
    /// <exception cref="StorageFailedException">The medium failed.</exception>
    ValueTask<LedgerAudit> AuditAsync(long after, int limit = EventPage.DefaultLimit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Checks the data around the events: the storage's marks and definitions. If the whole log is to be verified, it also
    /// checks the structure, the indexes and the side tables, and that no two events have the same id, or stream and version.
    /// </summary>
    /// <param name="isWhole">
    /// Whether to check everything, which takes time in proportion to the log; otherwise only what is cheap to check.
    /// </param>
    /// <param name="cancellationToken">Cancels the check.</param>
    /// <returns>What is wrong; nothing if all is well.</returns>
    /// <exception cref="StorageFailedException">The medium failed.</exception>
    ValueTask<IReadOnlyList<LedgerFinding>> AuditStructureAsync(bool isWhole, CancellationToken cancellationToken = default);
}
