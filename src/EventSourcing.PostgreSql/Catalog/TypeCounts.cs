using Npgsql;

namespace EventSourcing;

/// <summary>
/// How many events of each type there are. Counting the entries of an index takes time in proportion to them, so counts are kept every
/// 65,536 events, and a reader counts only what came after. Each row is true by itself: "of the events up to this position, so many are
/// of this type". Events never change or go, so a row stays right, and it may be missing.
/// </summary>
internal static class TypeCounts
{
    /// <summary>Keeps the counts up to a position, all events up to which are committed.</summary>
    public static async ValueTask KeepAsync(NpgsqlConnection connection, SchemaSql sql, long upTo)
    {
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add($"""
                INSERT INTO {sql.Quoted}.event_type_counts AS c (type, position, count)
                SELECT y.id, $1, coalesce(k.count, 0) + (
                    SELECT count(*) FROM {sql.Quoted}.events e
                    WHERE (e.type, e.position) > (y.id, coalesce(k.position, 0)) AND (e.type, e.position) <= (y.id, $1))
                FROM {sql.Quoted}.event_types y LEFT JOIN {sql.Quoted}.event_type_counts k ON k.type = y.id
                WHERE coalesce(k.position, 0) < $1
                ON CONFLICT (type) DO UPDATE SET position = excluded.position, count = excluded.count WHERE c.position < excluded.position
                """).With(upTo);
            await batch.ExecuteNonQueryAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// The number of events of a type <c>y</c>, its first and its last position, as columns. Bounds are rows of the index of types, so
    /// that no other index can serve.
    /// </summary>
    public static string Columns(SchemaSql sql)
    {
        var all = $"FROM {sql.Quoted}.events e WHERE (e.type, e.position) > (y.id, 0::bigint) AND (e.type, e.position) <= (y.id, "
            + $"{long.MaxValue})";
        return $"""
            coalesce(k.count, 0) + (SELECT count(*) {all} AND (e.type, e.position) > (y.id, coalesce(k.position, 0))),
            (SELECT e.position {all} ORDER BY e.type, e.position LIMIT 1),
            (SELECT e.position {all} ORDER BY e.type DESC, e.position DESC LIMIT 1)
            """;
    }

    /// <summary>Selects the kept rows that are wrong, for a verification.</summary>
    public static string RowsThatAreWrong(SchemaSql sql) => $"""
        SELECT c.type::text, c.position::text, c.count::text FROM {sql.Quoted}.event_type_counts c
        WHERE c.position < 1 OR c.position > coalesce((SELECT max(position) FROM {sql.Quoted}.events), 0)
            OR c.count <> (SELECT count(*) FROM {sql.Quoted}.events e WHERE e.type = c.type AND e.position <= c.position)
        """;
}
