namespace EventSourcing;

/// <summary>
/// A query by the indexes on tags, types and streams: the matching positions of a range, in order. It consists of parts that
/// each return their positions in order; several parts are merged.
/// </summary>
internal sealed class IndexedQuery
{
    private readonly List<IPositions> _parts = [];

    private IndexedQuery()
    {
    }

    /// <summary>The query by its indexes; null if a part of it has no index that leads to few events.</summary>
    public static IndexedQuery? From(Database database, EventQuery query, ReadDirection direction, long after)
    {
        if (query.IsAll) return null;
        var indexed = new IndexedQuery();
        var compound = new CompoundSelect(database, direction, after);
        foreach (var item in query.Items)
        {
            if (item.Tags.Count == 0 && item.StreamPrefix is not null && PrefixPositions.From(database, item, direction) is { } streams)
            {
                indexed._parts.Add(streams);
                continue;
            }

            if (item.Tags.Count == 0 && item.Types.Count == 0) return null;
            foreach (var names in CompoundSelect.SourcesOf(item))
            {
                if (!compound.HasRoomFor(names.Count))
                {
                    if (!compound.IsEmpty) indexed._parts.Add(compound);
                    compound = new CompoundSelect(database, direction, after);
                    if (!compound.HasRoomFor(names.Count)) return null;
                }

                compound.Add(item, names);
            }
        }

        if (!compound.IsEmpty) indexed._parts.Add(compound);
        return indexed;
    }

    /// <summary>
    /// Whether the first match is found by one index look-up for each name, however many events there are. Other queries may
    /// have to walk past any number of events.
    /// </summary>
    public static bool IsBySeeksOnly(EventQuery query) => query.IsAll || query.Items.All(item =>
        item.StreamPrefix is null && (item.Tags.Count == 0 || (item.Tags.Count == 1 && item.Types.Count == 0)));

    /// <summary>The matching positions after one and up to another, up to a limit.</summary>
    public List<long> Positions(Database database, long after, long upTo, long limit)
    {
        if (_parts.Count == 1) return _parts[0].Positions(database, after, upTo, limit);
        var all = new List<long>();
        foreach (var part in _parts) all.AddRange(part.Positions(database, after, upTo, limit));
        all.Sort();
        if (_parts[0].Direction == ReadDirection.Backwards) all.Reverse();
        var distinct = new List<long>();
        foreach (var position in all)
        {
            if (distinct.Count == limit) break;
            if (distinct.Count == 0 || distinct[^1] != position) distinct.Add(position);
        }

        return distinct;
    }
}
