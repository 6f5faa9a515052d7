namespace EventSourcing;

/// <summary>
/// The positions of all streams whose names begin with a prefix, optionally of some types only, by the indexes on the names
/// of streams and on the events of a stream. It is used only for prefixes of few streams or few events: for others, walking
/// the log costs less.
/// </summary>
internal sealed class PrefixPositions : IPositions
{
    /// <summary>Up to this many streams, the start in each stream is looked up, and only what is asked for is read from there.</summary>
    private const int MaxStreams = 64;

    /// <summary>Up to this many events, all of the streams are read and sorted each time.</summary>
    private const int MaxEvents = 20_000;

    private const string OfPrefix =
        "FROM streams s CROSS JOIN events o INDEXED BY events_by_stream ON o.stream = s.id WHERE s.name >= ?1 AND s.name < ?2";

    private readonly List<long>? _streams;
    private readonly string _prefix;
    private readonly IReadOnlyList<string> _types;

    private PrefixPositions(EventQueryItem item, ReadDirection direction, List<long>? streams)
    {
        _prefix = item.StreamPrefix!;
        _types = item.Types;
        _streams = streams;
        Direction = direction;
    }

    public ReadDirection Direction { get; }

    /// <summary>The positions of an item's streams; null if there are too many streams with too many events.</summary>
    public static PrefixPositions? From(Database database, EventQueryItem item, ReadDirection direction)
    {
        // The number of streams and events only grows, so a prefix that was too wide stays too wide.
        var prefix = item.StreamPrefix!;
        if (item.Types.Count > MaxStreams || database.WidePrefixes.Contains(prefix)) return null;
        var names = BindPrefix(database.Prepare("SELECT id FROM streams WHERE name >= ?1 AND name < ?2 LIMIT ?3"), prefix)
            .Bind(3, MaxStreams + 1);
        var streams = new List<long>();
        while (names.Step()) streams.Add(names.Long(0));
        names.Reset();
        if (streams.Count <= MaxStreams) return new PrefixPositions(item, direction, streams);

        var count = BindPrefix(database.Prepare($"SELECT count(*) FROM (SELECT 1 {OfPrefix} LIMIT ?3)"), prefix)
            .Bind(3, MaxEvents + 1).Scalar();
        if (count <= MaxEvents) return new PrefixPositions(item, direction, streams: null);
        database.RememberWidePrefix(prefix);
        return null;
    }

    public List<long> Positions(Database database, long after, long upTo, long limit)
    {
        var positions = new List<long>();
        var types = TypesIn(database);
        if (types is { Count: 0 }) return positions;
        if (_streams is null)
        {
            AddAll(database, positions, after, upTo, types);
        }
        else
        {
            foreach (var stream in _streams) AddOfStream(database, positions, stream, after, upTo, limit, types);
        }

        positions.Sort();
        if (Direction == ReadDirection.Backwards) positions.Reverse();
        if (positions.Count > limit) positions.RemoveRange((int)limit, positions.Count - (int)limit);
        return positions;
    }

    private static Statement BindPrefix(Statement statement, string prefix) =>
        statement.Bind(1, prefix).BindText(2, NamePrefix.EndOf(prefix));

    /// <summary>
    /// The version of a stream's first event after a position; one more than the last version if there is none. Positions
    /// ascend with versions.
    /// </summary>
    private static long FirstVersionAfter(Database database, long stream, long position, long versions)
    {
        var (low, high) = (1L, versions + 1);
        var at = database.Prepare(
            "SELECT position FROM events INDEXED BY events_by_stream WHERE stream = ?1 AND version >= ?2 ORDER BY version LIMIT 1");
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (at.Bind(1, stream).Bind(2, middle).Scalar() > position) high = middle;
            else low = middle + 1;
        }

        return low;
    }

    private void AddOfStream(Database database, List<long> positions, long stream, long after, long upTo, long limit, HashSet<long>? types)
    {
        var last = database.Prepare(
            "SELECT version, position FROM events INDEXED BY events_by_stream WHERE stream = ?1 ORDER BY version DESC "
            + "LIMIT 1").Bind(1, stream);
        var (versions, lastPosition) = last.Step() ? (last.Long(0), last.Long(1)) : (0, 0);
        last.Reset();
        if (lastPosition <= after) return;
        var from = after == 0 ? long.MinValue : FirstVersionAfter(database, stream, after, versions); // none is passed over
        var to = upTo >= lastPosition ? versions : FirstVersionAfter(database, stream, upTo, versions) - 1;
        var type = types is null ? "0" : "type";
        var select = database.Prepare(Direction == ReadDirection.Forwards
            ? $"SELECT position, {type} FROM events INDEXED BY events_by_stream WHERE stream = ?1 AND version >= ?2 AND version <= ?3 "
                + "ORDER BY version"
            : $"SELECT position, {type} FROM events INDEXED BY events_by_stream WHERE stream = ?1 AND version >= ?2 AND version <= ?3 "
                + "ORDER BY version DESC");
        select.Bind(1, stream).Bind(2, from).Bind(3, to);
        for (var found = 0L; found < limit && select.Step();)
        {
            if (types?.Contains(select.Long(1)) == false) continue;
            positions.Add(select.Long(0));
            found++;
        }

        select.Reset();
    }

    private void AddAll(Database database, List<long> positions, long after, long upTo, HashSet<long>? types)
    {
        var select = BindPrefix(
            database.Prepare($"SELECT o.position, {(types is null ? "0" : "o.type")} {OfPrefix} AND o.position > ?3 AND o.position <= ?4"),
            _prefix);
        select.Bind(3, after).Bind(4, upTo);
        while (select.Step())
        {
            if (types?.Contains(select.Long(1)) != false) positions.Add(select.Long(0));
        }

        select.Reset();
    }

    /// <summary>Those of the wanted types that the store knows; null for all.</summary>
    private HashSet<long>? TypesIn(Database database)
    {
        if (_types.Count == 0) return null;
        var known = new HashSet<long>();
        var id = database.Prepare("SELECT id FROM event_types WHERE name = ?1");
        foreach (var type in _types)
        {
            if (id.Bind(1, type).Scalar() is { } found) known.Add(found);
        }

        return known;
    }
}
