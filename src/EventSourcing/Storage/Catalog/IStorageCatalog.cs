namespace EventSourcing;

/// <summary>
/// What a storage holds: its streams, the types of its events, its read models, and its size. For people and tools that know
/// nothing of the app, and for apps that list their streams. It knows names as they are stored. Thread-safe.
/// </summary>
/// <remarks>
/// <para>Each call sees one committed snapshot of the store: all events of an append, or none. An erased payload changes
/// nothing here, since its event keeps its place.</para>
/// <para>A storage answers from its indexes. What a call takes grows with what it returns, not with the length of the
/// log.</para>
/// </remarks>
public interface IStorageCatalog
{
    /// <summary>
    /// Lists one page of the streams that have events, ordered by the code points of their names. The library's own streams,
    /// whose names begin with <c>$</c>, are listed like all others.
    /// </summary>
    /// <param name="listing">The prefix, and the place and length of the page.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The page, empty if no stream is left.</returns>
    /// <exception cref="ArgumentException">The prefix, the place or the limit is not valid.</exception>
    ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken cancellationToken = default);

    /// <summary>Lists the types of all stored events, ordered by the code points of their names.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The types. Their counts are exact and add up to the head of the log.</returns>
    ValueTask<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Lists the read models, ordered by the code points of their names. The library's own, whose names begin with <c>$</c>,
    /// are listed like all others. How many documents one has is told by <see cref="IReadModelStorage.CountAsync"/>.
    /// </summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The read models.</returns>
    /// <exception cref="ReadModelDamagedException">What is stored of a read model's fields cannot be read.</exception>
    ValueTask<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken cancellationToken = default);

    /// <summary>Tells how much room the store takes on its medium.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The size; <see langword="null"/> if the storage does not know it, as in memory.</returns>
    ValueTask<StorageSize?> GetSizeAsync(CancellationToken cancellationToken = default);
}
