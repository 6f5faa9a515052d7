namespace EventSourcing;

/// <summary>
/// The Merkle tree that a storage keeps over its log: rule 11 of <see cref="IEventStorage"/>. On level 0 its hashes are
/// those of the events' leaves, made of what is stored of them at the time of the call; on higher levels they are tiles as
/// they were stored. Thread-safe.
/// </summary>
public interface ILedgerStorage : IMerkleHashes
{
    /// <summary>The frontier of the tree over all events committed so far.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The frontier; its size is the head of the log. It is the caller's own.</returns>
    ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Makes sure that every event that can be read now is as durable as those of appends that have returned: what is signed
    /// over it must not be lost. By default it completes at once, as is right where nothing is readable before it is durable.
    /// </summary>
    /// <param name="cancellationToken">Abandons the wait.</param>
    /// <returns>A task that completes when that is so.</returns>
    ValueTask SyncAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    /// <summary>Reads a page of the log for verification. Damage of the store is a finding, not an exception.</summary>
    /// <param name="after">The position before the page's first.</param>
    /// <param name="limit">The most positions in the page. Its end is <see cref="EventPage.Next"/>; it ends early for the sake of memory.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The page.</returns>
    /// <exception cref="StorageFailedException">The medium failed.</exception>
    ValueTask<LedgerAudit> AuditAsync(long after, int limit = EventPage.DefaultLimit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Checks what surrounds the events: the storage's marks and definitions, and, where the whole log is to be verified,
    /// its structure, its indexes and its side tables, and that no two events have the same id, or stream and version.
    /// </summary>
    /// <param name="isWhole">Whether to check all, which takes time in proportion to the log; else only what is done at once.</param>
    /// <param name="cancellationToken">Cancels the check.</param>
    /// <returns>What is wrong; nothing where all is well.</returns>
    /// <exception cref="StorageFailedException">The medium failed.</exception>
    ValueTask<IReadOnlyList<LedgerFinding>> AuditStructureAsync(bool isWhole, CancellationToken cancellationToken = default);
}
