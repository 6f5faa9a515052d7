using System.Runtime.CompilerServices;

namespace EventSourcing.Operations;

/// <summary>
/// What a store holds: its streams, the types of its events, its read models, and its size. Thread-safe. The cost of a call grows with what
/// it returns, not with the length of the log.
/// </summary>
/// <remarks>
/// Names are the stored names. The library's own names, which begin with <c>$</c>, are listed like all others. A type has the name under
/// which its events were appended, even if upcasters now give it another.
/// </remarks>
public sealed class StoreCatalog
{
    private readonly IEventStorage _storage;

    internal StoreCatalog(IEventStorage storage) => _storage = storage;

    /// <summary>
    /// Lists the streams that have events, ordered by the code points of their names. They are read page by page, and no transaction is
    /// held in between. Each page is one snapshot. A stream that is created meanwhile is listed if its name is on a later page.
    /// </summary>
    /// <param name="prefix">What the names must begin with; empty for all streams.</param>
    /// <param name="after">Only streams whose names come after this one; <see langword="null"/> to begin with the first.</param>
    /// <param name="limit">The most streams, 1 or more; all by default.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The streams, each with its version and its last event.</returns>
    /// <exception cref="ArgumentException">The prefix, the name or the limit is not valid.</exception>
    public async IAsyncEnumerable<StreamSummary> ListStreamsAsync(
        string prefix = "",
        string? after = null,
        long limit = long.MaxValue,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        for (var listing = new StreamListing { Prefix = prefix, After = after }; ;)
        {
            listing = listing with { Limit = (int)Math.Min(limit, StreamListing.DefaultLimit) };
            var page = await _storage.Catalog.ListStreamsAsync(listing, cancellationToken).ConfigureAwait(false);
            foreach (var stream in page.Streams) yield return stream;
            limit -= page.Streams.Count;
            if (page.IsEnd || limit == 0) yield break;
            listing = listing with { After = page.Streams[^1].Name };
        }
    }

    /// <summary>Lists the types of all stored events, ordered by the code points of their names, from one snapshot.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The types. Their counts are exact and add up to the head of the log.</returns>
    public async Task<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken cancellationToken = default) =>
        await _storage.Catalog.ListEventTypesAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// Lists the read models, ordered by the code points of their names, from one snapshot. <see cref="IReadModelStorage.CountAsync"/>
    /// returns how many documents a read model has.
    /// </summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The read models.</returns>
    /// <exception cref="ReadModelDamagedException">The stored fields of a read model cannot be read.</exception>
    public async Task<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken cancellationToken = default) =>
        await _storage.Catalog.ListReadModelsAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>How much room the store takes on its medium.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The size; <see langword="null"/> if the storage does not know it, as in memory.</returns>
    public async Task<StorageSize?> GetSizeAsync(CancellationToken cancellationToken = default) =>
        await _storage.Catalog.GetSizeAsync(cancellationToken).ConfigureAwait(false);
}
