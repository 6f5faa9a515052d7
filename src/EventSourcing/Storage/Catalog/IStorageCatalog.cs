namespace EventSourcing.Storage;

/// <summary>
/// The content of a storage: its streams, the types of its events, its read models, and its size. For people and tools without
/// knowledge of the app, and for apps that list their streams. Names are those stored. Thread-safe.
/// </summary>
/// <remarks>
/// <para>Each call sees one committed snapshot of the store: all events of an append, or none. Erasing a payload changes
/// nothing here, because the event keeps its place.</para>
/// <para>A storage answers from its indexes. The cost of a call grows with its result, not with the length of the log.</para>
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
    /// are listed like all others. To count the documents of one, use <see cref="IReadModelStorage.CountAsync"/>.
    /// </summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The read models.</returns>
    /// <exception cref="ReadModelDamagedException">The stored definition of a read model's fields cannot be read.</exception>
    ValueTask<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken cancellationToken = default);

    /// <summary>Returns how much space the store takes on its medium.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The size; <see langword="null"/> if the storage does not know it, as one in memory.</returns>
    ValueTask<StorageSize?> GetSizeAsync(CancellationToken cancellationToken = default);
}
