using System.Globalization;
using System.Text;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// A query of events as SQL. By the indexes on tags, types and streams if these lead to few events; otherwise as a condition on the
/// rows of a part of the log. Parameters $1 to $3 are the range (exclusive lower bound, inclusive upper bound) and the limit.
/// </summary>
/// <remarks>
/// The shapes leave the planner no choice between indexes, so that they need no statistics: each source walks the one index that has
/// its columns, up to the limit.
/// </remarks>
internal sealed class FilterSql
{
    /// <summary>Up to this many streams and this many of their events, a prefix is looked up by the index of streams.</summary>
    private const int MaxStreams = 64;
    private const int MaxEvents = 20_000;
    private const int FirstValue = 4;

    private readonly SchemaSql _sql;
    private readonly ReadDirection _direction;
    private readonly List<object> _values = [];

    private FilterSql(SchemaSql sql, ReadDirection direction) => (_sql, _direction) = (sql, direction);

    /// <summary>A statement for the matching positions, in order; <see langword="null"/> if the query is not by indexes.</summary>
    public string? Positions { get; private set; }

    /// <summary>The condition on rows of <c>events e</c>, joined with <c>streams s</c> and <c>event_types y</c>.</summary>
    public string Condition { get; private set; } = "";

    private string Direction => _direction == ReadDirection.Backwards ? " DESC" : "";

    /// <summary>Plans a query; it may ask the server which tags are rare, and how many streams have a prefix.</summary>
    public static async ValueTask<FilterSql> PlanAsync(
        NpgsqlConnection connection, SchemaSql sql, EventQuery query, ReadDirection direction, long after,
            CancellationToken cancellationToken)
    {
        var filter = new FilterSql(sql, direction);
        var (counts, narrow) = await LookAsync(connection, sql, query, after, cancellationToken).ConfigureAwait(false);
        if (query.Items.All(item => item.Tags.Count > 0 || item.Types.Count > 0 || narrow.Contains(item.StreamPrefix!)))
            filter.ByIndexes(query, counts);
        else filter.Condition = filter.ConditionOf(query);
        return filter;
    }

    /// <summary>The same for a short part of the log. Its rows are looked at one by one.</summary>
    public static FilterSql ForShortRange(SchemaSql sql, EventQuery query)
    {
        var filter = new FilterSql(sql, ReadDirection.Forwards);
        filter.Condition = filter.ConditionOf(query);
        return filter;
    }

    /// <summary>Adds the values of the query's parameters.</summary>
    public NpgsqlBatchCommand Bind(NpgsqlBatchCommand command)
    {
        foreach (var value in _values) _ = value is string[] texts ? command.With(texts) : command.With((string)value);
        return command;
    }

    private static async ValueTask<(Dictionary<string, long> Counts, HashSet<string> Narrow)> LookAsync(
        NpgsqlConnection connection, SchemaSql sql, EventQuery query, long after, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var narrow = new HashSet<string>(StringComparer.Ordinal);
        string[] tags = [.. query.Items.Where(item => item.Tags.Count > 1).SelectMany(item => item.Tags).Distinct(StringComparer.Ordinal)];
        string[] prefixes = [.. query.Items.Where(item => item.StreamPrefix is not null && item.Tags.Count == 0 && item.Types.Count == 0)
            .Select(item => item.StreamPrefix!).Distinct(StringComparer.Ordinal)];
        if (tags.Length + prefixes.Length == 0) return (counts, narrow);
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add(
                $"SELECT u.tag, (SELECT count(*) FROM (SELECT 1 FROM {sql.Quoted}.event_tags t WHERE t.tag = u.tag AND t.position > $2 "
                + "LIMIT 100) x) FROM unnest($1) u(tag)").With(tags).With(after);
            foreach (var prefix in prefixes)
            {
                var end = NamePrefix.EndOf(prefix);
                var command = batch.Add($"""
                    SELECT count(*)::bigint, coalesce(sum(x.versions), 0)::bigint FROM (
                        SELECT (
                            SELECT e.version FROM {sql.Quoted}.events e
                            WHERE e.stream = s.id ORDER BY e.version DESC LIMIT 1) AS versions
                        FROM {sql.Quoted}.streams s WHERE s.name >= $1{(end is null ? "" : " AND s.name < $2")} LIMIT {MaxStreams + 1}) x
                    """).With(prefix);
                if (end is not null) command.With(end);
            }

            var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) counts[reader.GetString(0)] = reader.GetInt64(1);
                foreach (var prefix in prefixes)
                {
                    await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                    await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                    if (reader.GetInt64(0) <= MaxStreams && reader.GetInt64(1) <= MaxEvents) narrow.Add(prefix);
                }
            }
        }

        return (counts, narrow);
    }

    private void ByIndexes(EventQuery query, Dictionary<string, long> counts)
    {
        var sources = new List<string>();

        // Items of types alone become one source, and so do items of single tags: a query may have hundreds of them.
        string[] types = [.. query.Items.Where(item => item.Tags.Count == 0 && item.StreamPrefix is null).SelectMany(item => item.Types)
            .Distinct(StringComparer.Ordinal)];
        string[] tags = [.. query.Items.Where(item => item is { Tags.Count: 1, Types.Count: 0, StreamPrefix: null })
            .Select(item => item.Tags[0]).Distinct(StringComparer.Ordinal)];
        if (types.Length > 0) sources.Add(TypedSource(types, null));
        if (tags.Length > 0)
        {
            sources.Add($"""
                SELECT x.position FROM unnest({Parameter(tags)}::text[]) u(tag) CROSS JOIN LATERAL (
                    SELECT t.position FROM {_sql.Quoted}.event_tags t
                    WHERE t.tag = u.tag AND t.position > $1 AND t.position <= $2
                    ORDER BY t.position{Direction} LIMIT $3) x
                """);
        }

        foreach (var item in query.Items)
        {
            if (item.Tags.Count > 0)
            {
                if (item is not { Tags.Count: 1, Types.Count: 0, StreamPrefix: null }) sources.Add(TaggedSource(item, counts));
            }
            else if (item.StreamPrefix is not null)
            {
                sources.Add(item.Types.Count > 0 ? TypedSource([.. item.Types], item.StreamPrefix) : StreamsSource(item.StreamPrefix));
            }
        }

        Positions =
            $"SELECT DISTINCT u.position FROM ({string.Join(" UNION ALL ", sources.Select(source => $"({source})"))}) u "
            + $"ORDER BY u.position{Direction} LIMIT $3";
    }

    /// <summary>
    /// Both bounds are rows of the index of types: with an equal type and a range of positions, the planner could as well walk the log
    /// by position and step over all events of other types.
    /// </summary>
    private string TypedSource(string[] types, string? prefix) => $"""
        SELECT x.position FROM {_sql.Quoted}.event_types y CROSS JOIN LATERAL (
            SELECT e.position FROM {_sql.Quoted}.events e
            WHERE (e.type, e.position) > (y.id, $1) AND (e.type, e.position) <= (y.id, $2)
                {(prefix is null ? "" : $"AND {HasPrefix("e", prefix)}")}
            ORDER BY e.type{Direction}, e.position{Direction} LIMIT $3) x
        WHERE y.name = ANY ({Parameter(types)}::text[])
        """;

    /// <summary>The rarest tag comes first: a common one would be walked whole to find the few events that have the other too.</summary>
    private string TaggedSource(EventQueryItem item, Dictionary<string, long> counts)
    {
        string[] tags = [.. item.Tags.OrderBy(tag => counts.GetValueOrDefault(tag))];
        var sql = new StringBuilder(
            $"SELECT t.position FROM {_sql.Quoted}.event_tags t WHERE t.tag = {Parameter(tags[0])} AND t.position > $1 "
            + "AND t.position <= $2");
        if (item.Types.Count > 0)
            sql.Append(CultureInfo.InvariantCulture,
                $" AND t.type = ANY (ARRAY(SELECT y.id FROM {_sql.Quoted}.event_types y "
                + $"WHERE y.name = ANY ({Parameter((string[])[.. item.Types])}::text[])))");
        foreach (var tag in tags.Skip(1))
            sql.Append(CultureInfo.InvariantCulture,
                $" AND {HasTag(tag, "t")}");
        if (item.StreamPrefix is { } prefix)
            sql.Append(CultureInfo.InvariantCulture,
                $" AND EXISTS (SELECT 1 FROM {_sql.Quoted}.events e WHERE e.position = t.position AND {HasPrefix("e", prefix)} OFFSET 0)");
        return sql.Append(CultureInfo.InvariantCulture, $" ORDER BY t.position{Direction} LIMIT $3").ToString();
    }

    private string StreamsSource(string prefix)
    {
        var end = NamePrefix.EndOf(prefix);
        return $"""
            SELECT x.position FROM {_sql.Quoted}.streams s CROSS JOIN LATERAL (
                SELECT e.position FROM {_sql.Quoted}.events e
                WHERE e.stream = s.id AND e.position + 0 > $1 AND e.position + 0 <= $2
                ORDER BY e.version{Direction} LIMIT $3) x
            WHERE s.name >= {Parameter(prefix)}{(end is null ? "" : $" AND s.name < {Parameter(end)}")}
            """;
    }

    /// <summary>A look-up for each row: as a join, the planner could read all streams.</summary>
    private string HasPrefix(string of, string prefix) =>
        $"starts_with((SELECT p.name FROM {_sql.Quoted}.streams p WHERE p.id = {of}.stream), {Parameter(prefix)})";

    /// <summary>
    /// A look-up for each row, too: with OFFSET, the planner makes no join of it. Of an item of 100 tags it would make 100, and think about
    /// their order for longer than anybody waits.
    /// </summary>
    private string HasTag(string tag, string of) =>
        $"EXISTS (SELECT 1 FROM {_sql.Quoted}.event_tags o WHERE o.tag = {Parameter(tag)} AND o.position = {of}.position OFFSET 0)";

    private string ConditionOf(EventQuery query) => query.IsAll ? "true" : string.Join(" OR ", query.Items.Select(ConditionOf));

    private string ConditionOf(EventQueryItem item)
    {
        var terms = new List<string>();
        if (item.Types.Count > 0) terms.Add($"y.name = ANY ({Parameter((string[])[.. item.Types])}::text[])");
        if (item.StreamPrefix is { } prefix) terms.Add($"starts_with(s.name, {Parameter(prefix)})");
        terms.AddRange(item.Tags.Select(tag => HasTag(tag, "e")));
        return $"({string.Join(" AND ", terms)})";
    }

    private string Parameter(object value)
    {
        _values.Add(value);
        return string.Create(CultureInfo.InvariantCulture, $"${FirstValue + _values.Count - 1}");
    }
}
