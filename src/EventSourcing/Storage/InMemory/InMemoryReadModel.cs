namespace EventSourcing.Storage;

/// <summary>One read model in memory: its documents by key; every query scans them.</summary>
internal sealed class InMemoryReadModel(ReadModelDefinition definition)
{
    private readonly Dictionary<string, Document> _documents = new(StringComparer.Ordinal);

    public ReadModelDefinition Definition => definition;

    public byte[]? Find(string key) => _documents.GetValueOrDefault(key).Data;

    public void Write(in DocumentChange change)
    {
        if (change.Data is { } data) _documents[change.Key] = new Document(data.ToArray(), [.. change.Fields]);
        else _documents.Remove(change.Key);
    }

    public long Count(string askedAs, IReadOnlyList<FieldCondition> conditions)
    {
        definition.ThrowIfUnfit(conditions, askedAs);
        return Matching(askedAs, conditions).LongCount();
    }

    public IReadOnlyList<StoredDocument> Query(string askedAs, DocumentQuery query)
    {
        definition.ThrowIfUnfit(query, askedAs);
        var field = query.OrderBy is null ? -1 : definition.IndexOf(query.OrderBy, askedAs);
        var order = Comparer<DocumentCursor>.Create((x, y) =>
            (query.Descending ? -1 : 1)
            * (x.Value.CompareTo(y.Value) is var byValue and not 0 ? byValue : CodePointComparer.Instance.Compare(x.Key, y.Key)));
        return
        [
            .. Matching(askedAs, query.Conditions)
                .Select(pair => (At: new DocumentCursor(field < 0 ? default : pair.Value.Fields[field], pair.Key), pair.Value.Data))
                .Where(found => query.After is not { } after || order.Compare(found.At, after) > 0)
                .OrderBy(found => found.At, order)
                .Take(query.Limit)
                .Select(found => new StoredDocument(found.At.Key, (byte[])found.Data.Clone(), found.At.Value)),
        ];
    }

    private IEnumerable<KeyValuePair<string, Document>> Matching(string askedAs, IReadOnlyList<FieldCondition> conditions)
    {
        var fields = conditions.Select(condition => definition.IndexOf(condition.Field, askedAs)).ToArray();
        return _documents.Where(pair => !conditions.Where((condition, i) => !condition.IsMetBy(pair.Value.Fields[fields[i]])).Any());
    }

    private readonly record struct Document(byte[] Data, FieldValue[] Fields);
}
