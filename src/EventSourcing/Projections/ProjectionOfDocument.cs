using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// Folds events into a read model of documents: one typed value per key. Both methods are pure functions of what they
/// are given, so that folding the log again gives the same read model; instances hold no state and may be shared.
/// </summary>
/// <typeparam name="TDocument">The document: a type that JSON can write and read back.</typeparam>
public abstract class Projection<[DynamicallyAccessedMembers(EventType.JsonMembers)] TDocument> : Projection
    where TDocument : class
{
    /// <summary>
    /// The keys of the documents that an event changes; none to leave the read model as it is. By default the id of
    /// the event's stream: <c>ann</c> for <c>account-ann</c>.
    /// </summary>
    /// <param name="e">The event.</param>
    /// <returns>The keys: 1–200 characters each, compared ordinally.</returns>
    protected virtual IEnumerable<string> KeysOf(RecordedEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return [e.StreamId];
    }

    /// <summary>The document as it is after an event.</summary>
    /// <param name="document">The document before, <see langword="null"/> where there is none; the caller's own copy.</param>
    /// <param name="key">Its key.</param>
    /// <param name="e">The event.</param>
    /// <returns>The document after, or <see langword="null"/> to delete it.</returns>
    protected abstract TDocument? Apply(TDocument? document, string key, RecordedEvent e);

    internal static JsonTypeInfo<TDocument> JsonOf(EventStore store) => (JsonTypeInfo<TDocument>)store.Serializer.Options.GetTypeInfo(typeof(TDocument));

    internal sealed override async ValueTask<IReadOnlyList<DocumentChange>> FoldAsync(EventStore store, EventPage page, CancellationToken cancellationToken)
    {
        var steps = StepsOf(store, page);
        if (steps.Count == 0) return [];
        var json = JsonOf(store);
        var keys = steps.Select(step => step.Key).Distinct(StringComparer.Ordinal).ToArray();
        var stored = await store.Storage.ReadModels.LoadAsync(Name, keys, cancellationToken).ConfigureAwait(false);

        // Documents are read from bytes for every page and never kept: a page that fails leaves nothing behind.
        var documents = new Dictionary<string, TDocument?>(keys.Length, StringComparer.Ordinal);
        for (var i = 0; i < keys.Length; i++) documents.Add(keys[i], stored[i] is { } bytes ? JsonSerializer.Deserialize(bytes, json) : null);
        foreach (var (key, e) in steps)
        {
            try
            {
                documents[key] = Apply(documents[key], key, e);
            }
            catch (Exception failure)
            {
                throw new ProjectionFailedException(Name, e, failure);
            }
        }

        var changes = new List<DocumentChange>(keys.Length);
        for (var i = 0; i < keys.Length; i++)
        {
            var bytes = documents[keys[i]] is { } document ? JsonSerializer.SerializeToUtf8Bytes(document, json) : null;
            var isChange = bytes is null ? stored[i] is not null : !bytes.AsSpan().SequenceEqual(stored[i]);
            if (isChange) changes.Add(new DocumentChange(keys[i], bytes is null ? null : (ReadOnlyMemory<byte>?)bytes));
        }

        return changes;
    }

    private List<(string Key, RecordedEvent Event)> StepsOf(EventStore store, EventPage page)
    {
        var steps = new List<(string, RecordedEvent)>(page.Count);
        foreach (ref readonly var stored in page.Events)
        {
            // An unknown name stops the projection: skipped once, the event would be missing from the read model for ever.
            var e = store.Decode(stored, UnknownEvents.Throw);
            try
            {
                foreach (var key in KeysOf(e))
                {
                    Names.ThrowIfInvalidKey(key, "A document's key");
                    steps.Add((key, e));
                }
            }
            catch (Exception failure)
            {
                throw new ProjectionFailedException(Name, e, failure);
            }
        }

        return steps;
    }
}
