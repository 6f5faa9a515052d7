namespace EventSourcing;

/// <summary>Erasure of payloads on an <see cref="EventStore"/>: the only change that a stored event allows.</summary>
/// <remarks>
/// <para>An erased event keeps its place, type, tags, metadata and id, and its leaf in the Merkle tree is unchanged, so every
/// proof and checkpoint stays valid. Its data is gone permanently; readers get an <see cref="ErasedEvent"/>. The erasure, its
/// reason and who asked for it are recorded by an event, <see cref="PayloadsErased"/>, in the same transaction.</para>
/// <para>So anything that names a person must be in the data, not in stream names, tags or metadata, which stay.</para>
/// <para>The snapshots of the streams are removed with the payloads. The app must deal with everything else derived from them:
/// rebuild the read models that contain some of it (<see cref="ProjectionAdmin"/>), and think of backups, logs, exports and
/// what reactors have sent elsewhere. Each storage documents how far the bytes are removed from the medium.</para>
/// </remarks>
public static class ErasureExtensions
{
    /// <summary>Erases the payloads of events, by their positions.</summary>
    /// <param name="store">The store.</param>
    /// <param name="positions">
    /// The positions of the events; in any order, repeats do not count. Events already erased are skipped.
    /// </param>
    /// <param name="reason">Why. It is recorded for ever, so it must contain nothing that may have to be erased itself.</param>
    /// <param name="by">Who asked for it; <see langword="null"/> to name no one. It is recorded for ever too.</param>
    /// <param name="cancellationToken">Cancels while it reads, or while the append waits for its turn; then nothing was erased.</param>
    /// <returns>What was erased. A repeated call is safe: what is erased already is neither erased nor recorded again.</returns>
    /// <exception cref="ArgumentException">The reason is empty, or longer than an event may be; a position is below 1.</exception>
    /// <exception cref="ErasureRefusedException">
    /// The log has no event at a position, or one that records erasures; nothing was erased.
    /// </exception>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only.</exception>
    /// <exception cref="StoreBusyException">The write lock was held elsewhere for too long; nothing was erased.</exception>
    /// <exception cref="StorageFailedException">The medium failed; it says whether anything may have been written.</exception>
    public static Task<ErasureResult> ErasePayloadsAsync(
        this EventStore store,
        IReadOnlyCollection<long> positions,
        string reason,
        string? by = null,
        CancellationToken cancellationToken = default)
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
    /// <returns>What was erased; nothing if the stream is unknown.</returns>
    /// <exception cref="ArgumentException">The name is not valid; the reason is empty, or longer than an event may be.</exception>
    /// <exception cref="ErasureRefusedException">The stream is the one that records erasures; nothing was erased.</exception>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only.</exception>
    /// <exception cref="StoreBusyException">The write lock was held elsewhere for too long; nothing was erased.</exception>
    /// <exception cref="StorageFailedException">The medium failed; it says whether anything may have been written.</exception>
    public static Task<ErasureResult> ErasePayloadsAsync(
        this EventStore store, string stream, string reason, string? by = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        return new Erasure(store, reason, by).OfAsync(new StreamRead(stream), cancellationToken);
    }
}
