namespace EventSourcing;

/// <summary>What the events of a projection do to which documents. Complete once the projection has been constructed.</summary>
internal sealed class DocumentHandlers<TDocument>(Subscriber projection)
    where TDocument : class
{
    /// <summary>The key of a document whose key is the id of its stream.</summary>
    public static readonly Func<RecordedEvent, string> StreamKey = static e => e.StreamId;

    /// <summary>Up to this many keys it is faster to compare with each than to hash.</summary>
    private const int FewKeys = 8;

    private readonly Dictionary<Type, DocumentHandler<TDocument>> _handlers = [];

    /// <summary>What any event does that has no handler of its own; null if it does nothing.</summary>
    public DocumentHandler<TDocument>? OfAny { get; set; }

    /// <summary>Whether the key of every document is the id of the streams that its events are in.</summary>
    public bool IsKeyedByStream => OfAny is null && _handlers.Values.All(handler => handler.Key == StreamKey);

    public void Add(Type type, DocumentHandler<TDocument> handler) => _handlers.Add(type, handler);

    /// <summary>Folds an event into documents that are never stored.</summary>
    public void ApplyTo(Dictionary<string, TDocument> documents, FeedEvent e, string? onlyKey)
    {
        var keys = new List<string>();
        AddKeysOf(e, keys);
        foreach (var key in keys)
        {
            if (onlyKey is not null && key != onlyKey) continue;
            if (Apply(documents.GetValueOrDefault(key), key, e) is { } after) documents[key] = after;
            else documents.Remove(key);
        }
    }

    /// <summary>Adds the keys of the documents that any part of an event changes, each once.</summary>
    public void AddKeysOf(FeedEvent e, List<string> keys)
    {
        if (e.Recorded is { } recorded)
        {
            AddKeysOf(recorded, keys);
            return;
        }

        for (var i = 0; i < e.PartCount; i++)
        {
            foreach (var key in KeysOf(e.Part(i)).Where(key => !keys.Contains(key))) keys.Add(key);
        }
    }

    /// <summary>The event, or the first of its parts, that is about a document; null if none is.</summary>
    public RecordedEvent? FindPartAbout(string key, FeedEvent e)
    {
        if (e.Recorded is { } recorded) return KeysOf(recorded).Contains(key) ? recorded : null;
        for (var i = 0; i < e.PartCount; i++)
        {
            if (KeysOf(e.Part(i)).Contains(key)) return e.Part(i);
        }

        return null;
    }

    /// <summary>Applies an event, or those of its parts that change this document.</summary>
    public TDocument? Apply(TDocument? document, string key, FeedEvent e)
    {
        if (e.Recorded is { } recorded) return Apply(document, key, recorded);
        for (var i = 0; i < e.PartCount; i++)
        {
            if (KeysOf(e.Part(i)).Contains(key)) document = Apply(document, key, e.Part(i));
        }

        return document;
    }

    private List<string> KeysOf(RecordedEvent part)
    {
        var keys = new List<string>();
        AddKeysOf(part, keys);
        return keys;
    }

    /// <summary>
    /// Adds the keys of the documents that an event changes. The caller passes the list, since this runs for every event. Each key counts
    /// once, even if both sides of a transfer are the same account.
    /// </summary>
    private void AddKeysOf(RecordedEvent e, List<string> keys)
    {
        projection.ThrowIfErased(e.Data);
        if (HandlerFor(e) is not { } handler) return;
        if (handler.Key is { } keyOf)
        {
            var key = keyOf(e);
            ThrowIfInvalid(key, e);
            keys.Add(key);
            return;
        }

        HashSet<string>? seen = null;
        foreach (var key in handler.Keys!(e))
        {
            ThrowIfInvalid(key, e);
            if (keys.Count == FewKeys) seen = new HashSet<string>(keys, StringComparer.Ordinal);
            if (seen?.Add(key) ?? !keys.Contains(key)) keys.Add(key);
        }
    }

    private static void ThrowIfInvalid(string? key, RecordedEvent e)
    {
        if (key is null)
            throw new InvalidOperationException(
                $"The projection's key for an event '{e.Type}' is null. If the event changes no document, return none: give the event to "
                + "a method that returns several keys (Keys), and return an empty list.");
        Names.ThrowIfInvalidKey(key, "A document's key");
    }

    private TDocument? Apply(TDocument? document, string key, RecordedEvent e) => HandlerFor(e)!.Apply(document, key, e);

    private DocumentHandler<TDocument>? HandlerFor(RecordedEvent e) => _handlers.GetValueOrDefault(e.Data.GetType()) ?? OfAny;
}
