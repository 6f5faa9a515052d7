namespace EventSourcing;

/// <summary>What is known or found of the log within the writer's transaction, which holds the write lock.</summary>
/// <param name="log">The end of the log.</param>
/// <param name="scouted">What is already known of an append's conditions, each by its index; null if nothing is.</param>
internal readonly struct LogEndFacts(LogEnd log, ScoutedCondition[]? scouted = null) : ILogFacts
{
    public long Head => log.Head;

    public DateTimeOffset LastRecordedAt => log.LastRecordedAt;

    public long VersionOf(string stream) => log.EndOf(stream).Version;

    public bool TryFind(Guid id, out StoredEvent stored)
    {
        var found = LogReader.FindById(log.Database, id);
        stored = found.GetValueOrDefault();
        return found is not null;
    }

    public long FirstMatch(AppendRequest request, int condition)
    {
        var known = scouted?[condition] ?? default;
        var (query, after) = request.Conditions[condition];
        return known.Match > 0 ? known.Match : log.FirstMatch(query, Math.Max(after, known.UpTo));
    }

    public bool CanErase(long position) => Eraser.CanErase(log.Database, position);
}
