using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace EventSourcing;

/// <summary>How a document of a read model has come about. Nothing is stored.</summary>
public static class ProjectionHistory
{
    /// <summary>
    /// Goes through the events that changed one document, oldest first, each with what it changed and with the document after it. The log
    /// is folded afresh: all events that the projection handles are read, up to the point to end at.
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
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(projection);
        StoredDocument.ThrowIfInvalidKey(key);
        if (asOf.AtVersion is not null)
            throw new ArgumentException("The log has no versions, streams have. Fold it up to a position or an instant.", nameof(asOf));
        projection.Validate(store);
        return StepsAsync(store, projection, key, asOf, cancellationToken);
    }

    private static async IAsyncEnumerable<HistoryStep> StepsAsync<[DynamicallyAccessedMembers(EventType.JsonMembers)] TDocument>(
        EventStore store,
        Projection<TDocument> projection,
        string key,
        AsOf asOf,
        [EnumeratorCancellation] CancellationToken cancellationToken)
        where TDocument : class
    {
        var position = await store.EventReader.PositionOfAsync(asOf, cancellationToken).ConfigureAwait(false)
            ?? await store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var filter = projection.FilterFor(store);
        TDocument? document = null;
        JsonElement? before = null;
        var events = new List<FeedEvent>();
        var read = new LogRead { UpTo = position, Filter = filter.Stored };
        await foreach (var page in store.Storage.PagesAsync(read, cancellationToken).ConfigureAwait(false))
        {
            events.Clear();
            for (var i = 0; i < page.Count; i++) FeedEvent.AddTo(events, store, page.Events[i], filter);
            foreach (var e in events)
            {
                RecordedEvent? about;
                try
                {
                    if (e.Failure is { } undecodable) throw undecodable;
                    about = projection.FindPartAbout(key, e);
                    if (about is not null) document = projection.Apply(document, key, e);
                }
                catch (Exception failure)
                {
                    throw new ProjectionFailedException(projection.Name, e, failure);
                }

                if (about is null) continue;
                JsonElement? after = document is null ? null : StateJson.Of(document, store.Json);
                yield return new HistoryStep(about, MemberChange.Between(before, after)) { State = after };
                before = after;
            }
        }
    }
}
