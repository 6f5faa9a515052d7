namespace EventSourcing;

/// <summary>Erasure of payloads on an <see cref="EventStore"/>: the one thing that can be done to an event that is stored.</summary>
/// <remarks>
/// <para>An erased event keeps its place, type, tags, metadata and id, and its leaf in the Merkle tree stays what it was, so
/// that every proof and checkpoint holds. Its data is gone for good; readers get an <see cref="ErasedEvent"/>. That it was
/// erased, why and by whom is itself an event, <see cref="PayloadsErased"/>, in the same transaction.</para>
/// <para>What names a person must be in the data, then: neither in names of streams and tags nor in metadata, which stay.</para>
/// <para>The snapshots of the streams are removed with the payloads. Everything else that was made of them is the app's to
/// deal with: rebuild the read models that hold some of it (<see cref="ProjectionAdmin"/>), and think of backups, logs, exports and what
/// reactors have sent elsewhere. How far the bytes are removed from the medium, the storage says.</para>
/// </remarks>
public static class ErasureExtensions
{
    /// <summary>Erases the payloads of events, by their positions.</summary>
    /// <param name="store">The store.</param>
    /// <param name="positions">Where the events stand; in any order, repeats do not count. Those that are erased already are left out.</param>
    /// <param name="reason">Why: recorded for ever, so nothing that may have to be erased itself.</param>
    /// <param name="by">Who asked for it; <see langword="null"/> to name nobody. The same goes for it.</param>
    /// <param name="cancellationToken">Cancels while it reads, or while the append waits for its turn; then nothing was erased.</param>
    /// <returns>What was erased. To repeat it is safe: what is erased already is not erased, or recorded, again.</returns>
    /// <exception cref="ArgumentException">The reason is empty, or longer than an event may be; a position is below 1.</exception>
    /// <exception cref="ErasureRefusedException">The log has no event at a position, or one that records erasures; nothing was erased.</exception>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only.</exception>
    /// <exception cref="StoreBusyException">Others held the write lock for too long; nothing was erased.</exception>
    /// <exception cref="StorageFailedException">The medium failed; it says whether anything may have been written.</exception>
    public static Task<ErasureResult> ErasePayloadsAsync(this EventStore store, IReadOnlyCollection<long> positions, string reason, string? by = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(positions);
        return new Erasure(store, reason, by).OfAsync(positions, cancellationToken);
    }

    /// <summary>Erases the payloads of all events of a stream up to now. Those appended meanwhile stay.</summary>
    /// <param name="store">The store.</param>
    /// <param name="stream">The stream's name.</param>
    /// <param name="reason">Why, as above.</param>
    /// <param name="by">Who asked for it, as above.</param>
    /// <param name="cancellationToken">Cancels while it reads, or while the append waits for its turn; then nothing was erased.</param>
    /// <returns>What was erased; nothing of an unknown stream.</returns>
    /// <exception cref="ArgumentException">The name is not valid; the reason is empty, or longer than an event may be.</exception>
    /// <exception cref="ErasureRefusedException">It is the stream of the records of erasures; nothing was erased.</exception>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only.</exception>
    /// <exception cref="StoreBusyException">Others held the write lock for too long; nothing was erased.</exception>
    /// <exception cref="StorageFailedException">The medium failed; it says whether anything may have been written.</exception>
    public static Task<ErasureResult> ErasePayloadsAsync(this EventStore store, string stream, string reason, string? by = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        return new Erasure(store, reason, by).OfAsync(new StreamRead(stream), cancellationToken);
    }
}
