using System.Globalization;
using System.Text;

namespace EventSourcing;

/// <summary>
/// A query as SQL over the indexes by tag and by type: the matching positions of a range, in order. Parameters ?1 to ?3
/// are the range (exclusive below, inclusive above) and the limit.
/// </summary>
internal sealed class IndexedQuery
{
    // SQLite takes 500 terms in a compound SELECT and expressions 1,000 deep; far below that a scan is as good.
    private const int MaxSources = 100;
    private const int MaxParameters = 500;
    private const int FirstText = 4;
    private readonly List<string> _texts = [];

    private IndexedQuery(EventQuery query, ReadDirection direction, Func<EventQueryItem, IReadOnlyList<string>> orderTags)
    {
        var sql = new StringBuilder();
        foreach (var item in query.Items)
        {
            if (item.Tags.Count > 0)
            {
                AddSource(sql, TaggedSource(item, orderTags(item)));
            }
            else
            {
                foreach (var type in item.Types) AddSource(sql, TypedSource(item, type));
            }
        }

        // Each source is in order by its index, so SQLite merges them and stops at the limit.
        Sql = sql.Append(direction == ReadDirection.Forwards ? " ORDER BY 1 LIMIT ?3" : " ORDER BY 1 DESC LIMIT ?3").ToString();
    }

    public string Sql { get; }

    /// <summary>The query by its indexes; null where some of it has no index to go by, or it is too large for one statement.</summary>
    public static IndexedQuery? From(Database database, EventQuery query, ReadDirection direction, long after)
    {
        if (query.IsAll || query.Items.Any(item => item.Tags.Count == 0 && item.Types.Count == 0)) return null;
        var sources = query.Items.Sum(item => item.Tags.Count > 0 ? 1 : item.Types.Count);
        var parameters = query.Items.Sum(item => item.Tags.Count + item.Types.Count + 1);
        return sources > MaxSources || parameters > MaxParameters ? null : new IndexedQuery(query, direction, item => RarestFirst(database, item, after));
    }

    /// <summary>The matching positions after one and up to another, at most so many.</summary>
    public List<long> Positions(Database database, long after, long upTo, long limit)
    {
        var select = database.Prepare(Sql).Bind(1, after).Bind(2, upTo).Bind(3, limit);
        for (var i = 0; i < _texts.Count; i++) select.Bind(FirstText + i, _texts[i]);
        var positions = new List<long>();
        while (select.Step()) positions.Add(select.Long(0));
        select.Reset();
        return positions;
    }

    /// <summary>
    /// SQLite walks the tags in the order in which they are written, so the rarest comes first: one common tag of many
    /// thousand events would otherwise be walked whole to find the few that have the other one too.
    /// </summary>
    private static IReadOnlyList<string> RarestFirst(Database database, EventQueryItem item, long after)
    {
        if (item.Tags.Count == 1) return item.Tags;
        var count = database.Prepare("SELECT count(*) FROM (SELECT 1 FROM event_tags WHERE tag = ?1 AND position > ?2 LIMIT 100)");
        return [.. item.Tags.OrderBy(tag => count.Bind(1, tag).Bind(2, after).Scalar())];
    }

    private static void AddSource(StringBuilder sql, string source)
    {
        if (sql.Length > 0) sql.Append(" UNION ");
        sql.Append(source);
    }

    private string TaggedSource(EventQueryItem item, IReadOnlyList<string> tags)
    {
        var sql = new StringBuilder($"SELECT t.position FROM event_tags t WHERE t.tag = {Parameter(tags[0])} AND t.position > ?1 AND t.position <= ?2");
        if (item.Types.Count > 0) sql.Append(CultureInfo.InvariantCulture, $" AND t.type IN (SELECT id FROM event_types WHERE name IN ({string.Join(", ", item.Types.Select(Parameter))}))");
        foreach (var tag in tags.Skip(1)) sql.Append(CultureInfo.InvariantCulture, $" AND EXISTS (SELECT 1 FROM event_tags WHERE tag = {Parameter(tag)} AND position = t.position)");
        return AppendPrefix(sql, item, "t.position");
    }

    private string TypedSource(EventQueryItem item, string type) => AppendPrefix(
        new StringBuilder($"SELECT e.position FROM events e INDEXED BY events_by_type WHERE e.type = (SELECT id FROM event_types WHERE name = {Parameter(type)}) AND e.position > ?1 AND e.position <= ?2"),
        item,
        "e.position");

    private string AppendPrefix(StringBuilder sql, EventQueryItem item, string position)
    {
        if (item.StreamPrefix is null) return sql.ToString();
        var prefix = Parameter(item.StreamPrefix);
        return sql.Append(CultureInfo.InvariantCulture, $" AND EXISTS (SELECT 1 FROM events o JOIN streams s ON s.id = o.stream WHERE o.position = {position} AND substr(s.name, 1, length({prefix})) = {prefix})").ToString();
    }

    private string Parameter(string text)
    {
        _texts.Add(text);
        return string.Create(CultureInfo.InvariantCulture, $"?{FirstText + _texts.Count - 1}");
    }
}
