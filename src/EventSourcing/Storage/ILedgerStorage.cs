namespace EventSourcing;

/// <summary>
/// The Merkle tree that a storage keeps over its log: rule 11 of <see cref="IEventStorage"/>. On level 0 its hashes are
/// those of the events' leaves, made of what is stored of them at the time of the call; on higher levels they are tiles as
/// they were stored. Thread-safe.
/// </summary>
public interface ILedgerStorage : IMerkleHashes
{
    /// <summary>The frontier of the tree over all events committed so far, as it was stored with the last of them.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The frontier; its size is the head of the log. It is the caller's own.</returns>
    ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default);
}
