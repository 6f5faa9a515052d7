namespace EventSourcing;

/// <summary>What the writer knows or finds within its transaction, which holds the write lock.</summary>
/// <param name="writer">The writer.</param>
/// <param name="scouted">What is already known of an append's conditions, each by its index; null if nothing is.</param>
internal readonly struct WriterFacts(Writer writer, ScoutedCondition[]? scouted = null) : ILogFacts
{
    public long Head => writer.Head;

    public DateTimeOffset LastRecordedAt => writer.LastRecordedAt;

    public long VersionOf(string stream) => writer.EndOf(stream).Version;

    public bool TryFind(Guid id, out StoredEvent stored)
    {
        var found = LogReader.FindById(writer.Database, id);
        stored = found.GetValueOrDefault();
        return found is not null;
    }

    public long FirstMatch(AppendRequest request, int condition)
    {
        var known = scouted?[condition] ?? default;
        var (query, after) = request.Conditions[condition];
        return known.Match > 0 ? known.Match : writer.FirstMatch(query, Math.Max(after, known.UpTo));
    }

    public bool CanErase(long position) => Eraser.CanErase(writer.Database, position);
}
