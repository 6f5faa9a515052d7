using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace EventSourcing;

/// <summary>How a document of a read model has come about. Nothing is stored.</summary>
public static class ProjectionHistory
{
    /// <summary>
    /// Goes through the events that changed one document, oldest first, each with what it changed and with the document after it. The
    /// events are folded afresh, up to the point to end at. If the keys of all documents are the ids of streams, as those of handlers that
    /// give no key are, only the streams with that id are read. Otherwise all events that the projection handles are.
    /// </summary>
    /// <typeparam name="TDocument">The document.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="projection">The projection.</param>
    /// <param name="key">The document's key.</param>
    /// <param name="asOf">The point to end at: a position or an instant; by default now.</param>
    /// <param name="cancellationToken">Ends the fold.</param>
    /// <returns>
    /// The events, also those that left the document as it was; none if no event is about that document. If an <see cref="Upcaster"/> makes
    /// several events of one, it is one step, with the first of those that are about the document.
    /// </returns>
    /// <exception cref="ArgumentException">The projection or the key is not valid, or the point is a version.</exception>
    /// <exception cref="ProjectionFailedException">The projection fails on an event.</exception>
    public static IAsyncEnumerable<HistoryStep> HistoryAsync<[DynamicallyAccessedMembers(EventType.JsonMembers)] TDocument>(
        this EventStore store,
        Projection<TDocument> projection,
        string key,
        AsOf asOf = default,
        CancellationToken cancellationToken = default)
        where TDocument : class
    {
        var history = OpenHistory(store, projection, key);
        if (asOf.AtVersion is not null)
            throw new ArgumentException("The log has no versions, streams have. Fold it up to a position or an instant.", nameof(asOf));
        return StepsAsync(store, history, asOf, cancellationToken);
    }

    /// <summary>Begins the history of a document that is read in pieces, of which each is at most one page of events.</summary>
    /// <typeparam name="TDocument">The document.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="projection">The projection.</param>
    /// <param name="key">The document's key.</param>
    /// <returns>The history, before its first event. Nothing is read yet.</returns>
    /// <exception cref="ArgumentException">The projection or the key is not valid.</exception>
    public static HistoryReader OpenHistory<[DynamicallyAccessedMembers(EventType.JsonMembers)] TDocument>(
        this EventStore store, Projection<TDocument> projection, string key)
        where TDocument : class
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(projection);
        StoredDocument.ThrowIfInvalidKey(key);
        projection.Validate(store);
        return new DocumentHistoryReader<TDocument>(store, projection, key);
    }

    private static async IAsyncEnumerable<HistoryStep> StepsAsync(
        EventStore store, HistoryReader history, AsOf asOf, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var head = await store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var position = await store.EventReader.PositionOfAsync(asOf, cancellationToken).ConfigureAwait(false);
        var end = Math.Min(head, position ?? head);
        while (history.Position < end)
        {
            foreach (var step in await history.ReadAsync(end, cancellationToken).ConfigureAwait(false)) yield return step;
        }
    }
}
