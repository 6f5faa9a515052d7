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
    /// the event's stream: <c>ann</c> for <c>account-ann</c>. So <c>order-ann</c> is the same document: where streams of
    /// several categories may share ids, choose one by <see cref="Projection.Filter"/>, or other keys.
    /// </summary>
    /// <param name="e">The event.</param>
    /// <returns>The keys: 1–200 characters each, compared ordinally. A key given twice counts once.</returns>
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

    internal sealed override void ThrowIfJsonCannotHandleIt(EventStore store)
    {
        try
        {
            JsonOf(store);
        }
        catch (NotSupportedException e)
        {
            throw new NotSupportedException($"JSON cannot handle {typeof(TDocument)}, the document of the projection '{Name}'. Where EventStoreOptions.Json names a JsonSerializerContext, add [JsonSerializable(typeof({typeof(TDocument).Name}))] to that.", e);
        }
    }

    internal sealed override async ValueTask<IReadOnlyList<DocumentChange>> FoldAsync(EventStore store, EventPage page, CancellationToken cancellationToken)
    {
        var steps = StepsOf(store, page);
        if (steps.Count == 0) return [];
        var json = JsonOf(store);
        var keys = steps.Select(step => step.Key).Distinct(StringComparer.Ordinal).ToArray();
        var stored = await store.Storage.ReadModels.LoadAsync(Name, keys, cancellationToken).ConfigureAwait(false);

        // Documents are read from bytes for every page and never kept: a page that fails leaves nothing behind.
        var folds = new Dictionary<string, Fold>(keys.Length, StringComparer.Ordinal);
        for (var i = 0; i < keys.Length; i++) folds.Add(keys[i], new Fold(keys[i], stored[i]));
        foreach (var (key, e) in steps)
        {
            var fold = folds[key];
            Try(e, () =>
            {
                if (fold.Last is null && fold.Stored is not null) fold.Document = JsonSerializer.Deserialize(fold.Stored, json);
                fold.Last = e;
                fold.Document = Apply(fold.Document, key, e);
            });
        }

        var changes = new List<DocumentChange>(keys.Length);
        foreach (var fold in folds.Values)
        {
            Try(fold.Last!, () =>
            {
                var bytes = fold.Document is null ? null : JsonSerializer.SerializeToUtf8Bytes(fold.Document, json);
                var isChange = bytes is null ? fold.Stored is not null : !bytes.AsSpan().SequenceEqual(fold.Stored);
                if (isChange) changes.Add(new DocumentChange(fold.Key, bytes is null ? null : (ReadOnlyMemory<byte>?)bytes));
            });
        }

        return changes;
    }

    private List<(string Key, RecordedEvent Event)> StepsOf(EventStore store, EventPage page)
    {
        var steps = new List<(string, RecordedEvent)>(page.Count);
        for (var i = 0; i < page.Count; i++)
        {
            // An unknown name stops the projection: skipped once, the event would be missing from the read model for ever.
            var e = store.Decode(page.Events[i], UnknownEvents.Throw);
            Try(e, () =>
            {
                // One event, one effect, also where both sides of a transfer are the same account.
                foreach (var key in KeysOf(e).Distinct(StringComparer.Ordinal))
                {
                    Names.ThrowIfInvalidKey(key, "A document's key");
                    steps.Add((key, e));
                }
            });
        }

        return steps;
    }

    /// <summary>Runs what may fail on an event, and says which event it was.</summary>
    private void Try(RecordedEvent e, Action step)
    {
        try
        {
            step();
        }
        catch (Exception failure)
        {
            throw new ProjectionFailedException(Name, e, failure);
        }
    }

    private sealed class Fold(string key, byte[]? stored)
    {
        public string Key => key;

        public byte[]? Stored => stored;

        public TDocument? Document { get; set; }

        /// <summary>The last event applied, null before the first.</summary>
        public RecordedEvent? Last { get; set; }
    }
}
