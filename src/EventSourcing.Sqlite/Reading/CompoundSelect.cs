using System.Globalization;
using System.Text;

namespace EventSourcing;

/// <summary>
/// The positions of some tags and types as one statement. Parameters ?1 to ?3 are the range (exclusive lower bound, inclusive
/// upper bound) and the limit.
/// </summary>
internal sealed class CompoundSelect(Database database, ReadDirection direction, long after) : IPositions
{
    // SQLite accepts 500 terms in a compound SELECT and expressions 1,000 deep. Queries with more become several statements.
    private const int MaxSources = 100;
    private const int MaxParameters = 500;
    private const int FirstText = 4;
    private readonly List<string> _texts = [];
    private readonly StringBuilder _sql = new();
    private int _sources;

    public ReadDirection Direction => direction;

    public bool IsEmpty => _sources == 0;

    /// <summary>The parts of an item that each become one source: the whole item if it has tags, otherwise each of its types.</summary>
    public static IEnumerable<IReadOnlyList<string>> SourcesOf(EventQueryItem item) =>
        item.Tags.Count > 0 ? [[.. item.Tags, .. item.Types]] : item.Types.Select(IReadOnlyList<string> (type) => [type]);

    /// <summary>Whether a source with this many names can be added.</summary>
    public bool HasRoomFor(int names) => _sources < MaxSources && _texts.Count + names + 1 <= MaxParameters;

    /// <summary>Adds a part of an item.</summary>
    public void Add(EventQueryItem item, IReadOnlyList<string> names)
    {
        if (_sources++ > 0) _sql.Append(" UNION ");
        _sql.Append(item.Tags.Count > 0 ? TaggedSource(item, RarestFirst(item)) : TypedSource(item, names[0]));
    }

    public List<long> Positions(Database on, long from, long upTo, long limit)
    {
        // Each source is ordered by its index, so SQLite merges them and stops at the limit.
        var select = on.Prepare(_sql + (direction == ReadDirection.Forwards ? " ORDER BY 1 LIMIT ?3" : " ORDER BY 1 DESC LIMIT ?3"));
        select.Bind(1, from).Bind(2, upTo).Bind(3, limit);
        for (var i = 0; i < _texts.Count; i++) select.Bind(FirstText + i, _texts[i]);
        var positions = new List<long>();
        while (select.Step()) positions.Add(select.Long(0));
        select.Reset();
        return positions;
    }

    /// <summary>
    /// SQLite walks the tags in the order in which they are written, so the rarest comes first. Otherwise one common tag of
    /// many thousand events would be walked completely to find the few events that also have the other one.
    /// </summary>
    private IReadOnlyList<string> RarestFirst(EventQueryItem item)
    {
        if (item.Tags.Count == 1) return item.Tags;
        var count = database.Prepare("SELECT count(*) FROM (SELECT 1 FROM event_tags WHERE tag = ?1 AND position > ?2 LIMIT 100)");
        return [.. item.Tags.OrderBy(tag => count.Bind(1, tag).Bind(2, after).Scalar())];
    }

    private string TaggedSource(EventQueryItem item, IReadOnlyList<string> tags)
    {
        var sql = new StringBuilder(
            $"SELECT t.position FROM event_tags t WHERE t.tag = {Parameter(tags[0])} AND t.position > ?1 AND t.position <= ?2");
        if (item.Types.Count > 0)
            sql.Append(
                CultureInfo.InvariantCulture,
                $" AND t.type IN (SELECT id FROM event_types WHERE name IN ({string.Join(", ", item.Types.Select(Parameter))}))");
        foreach (var tag in tags.Skip(1))
            sql.Append(
                CultureInfo.InvariantCulture,
                $" AND EXISTS (SELECT 1 FROM event_tags WHERE tag = {Parameter(tag)} AND position = t.position)");
        return AppendPrefix(sql, item, "t.position");
    }

    private string TypedSource(EventQueryItem item, string type) => AppendPrefix(
        new StringBuilder("SELECT e.position FROM events e INDEXED BY events_by_type")
            .Append(
                CultureInfo.InvariantCulture,
                $" WHERE e.type = (SELECT id FROM event_types WHERE name = {Parameter(type)}) AND e.position > ?1 AND e.position <= ?2"),
        item,
        "e.position");

    private string AppendPrefix(StringBuilder sql, EventQueryItem item, string position)
    {
        if (item.StreamPrefix is null) return sql.ToString();
        var prefix = Parameter(item.StreamPrefix);
        return sql
            .Append(
                CultureInfo.InvariantCulture,
                $" AND EXISTS (SELECT 1 FROM events o JOIN streams s ON s.id = o.stream WHERE o.position = {position}")
            .Append(CultureInfo.InvariantCulture, $" AND substr(s.name, 1, length({prefix})) = {prefix})").ToString();
    }

    private string Parameter(string text)
    {
        _texts.Add(text);
        return string.Create(CultureInfo.InvariantCulture, $"?{FirstText + _texts.Count - 1}");
    }
}
