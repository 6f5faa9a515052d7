using System.Globalization;

namespace EventSourcing;

/// <summary>
/// How many events of each type there are. SQLite counts the entries of an index by stepping over them: 5,000,000 take about
/// 0.3 s. Therefore the writer keeps counts, which it updates every 65,536 events, and a reader counts only what came after.
/// </summary>
/// <remarks>
/// Each row is true by itself: "of the events up to this position, so many are of this type". Events never change or go, so a
/// row stays right whatever happens later, and it may be missing. Hence the table is not part of the schema's version: it is
/// made when it is first needed, a store without it can be read, and an older version of this package, which does not know
/// the table, does not make it wrong.
/// </remarks>
internal sealed class TypeCounts
{
    /// <summary>The table's name.</summary>
    public const string Table = "event_type_counts";

    /// <summary>The statement that makes it.</summary>
    public const string Definition = """
        CREATE TABLE event_type_counts (
            type INTEGER PRIMARY KEY,
            position INTEGER NOT NULL,
            count INTEGER NOT NULL)
        """;

    private readonly Database _database;
    private readonly bool _isThere;

    /// <summary>Checks whether counts are kept.</summary>
    public TypeCounts(Database database)
    {
        _database = database;
        _isThere = IsThere(database);
    }

    /// <summary>The number of events of a type up to the head of the log.</summary>
    /// <exception cref="DamagedDataException">The value that is kept for the type cannot be a count.</exception>
    public long CountOf(long type, long head)
    {
        var (upTo, count) = KeptFor(type);
        if (upTo < 0 || upTo > head || count < 0 || count > upTo)
        {
            throw new DamagedDataException(string.Create(
                CultureInfo.InvariantCulture,
                $"the table '{Table}' says that {count} of the first {upTo} events are of type {type}, and the log has {head} events."));
        }

        return count + CountBetween(type, upTo, head);
    }

    /// <summary>Stores the counts up to a position, in the caller's transaction. All events up to there must be inserted already.</summary>
    public static void Keep(Database database, long upTo)
    {
        if (!IsThere(database))
        {
            // An app may have made a table or view of that name before this package kept counts. It remains the app's.
            if (database.Prepare($"SELECT count(*) FROM main.sqlite_master WHERE name = '{Table}' COLLATE NOCASE").Scalar() > 0) return;
            database.Execute(Definition.Replace("CREATE TABLE ", "CREATE TABLE main.", StringComparison.Ordinal));
        }

        var counts = new TypeCounts(database);
        var types = new List<long>();
        var select = database.Prepare("SELECT id FROM event_types");
        while (select.Step()) types.Add(select.Long(0));
        select.Reset();
        foreach (var type in types)
        {
            var (from, count) = counts.KeptFor(type);
            if (from < upTo && counts.CountBetween(type, from, upTo) is > 0 and var more) KeepFor(database, type, upTo, count + more);
        }
    }

    /// <summary>Selects the kept rows that are wrong, for a verification. The values may be of any class.</summary>
    public static string RowsThatAreWrong => $"""
        SELECT c.type, c.position, c.count FROM main.{Table} c WHERE typeof(c.position) <> 'integer' OR typeof(c.count) <> 'integer'
            OR c.position < 1 OR c.position > (SELECT max(position) FROM events)
            OR c.count <> (SELECT count(*) FROM events e INDEXED BY events_by_type WHERE e.type = c.type AND e.position <= c.position)
        """;

    /// <summary>Whether the file has the table as this class makes it, with nothing added to it.</summary>
    public static bool IsThere(Database database) => database.Prepare($"""
        SELECT count(*) = 1 AND max(type) = 'table' AND max(sql) = '{Definition}'
            AND NOT EXISTS (SELECT 1 FROM sqlite_temp_master WHERE tbl_name = '{Table}' COLLATE NOCASE)
        FROM main.sqlite_master WHERE tbl_name = '{Table}' COLLATE NOCASE
        """).Scalar() == 1;

    private static void KeepFor(Database database, long type, long upTo, long count) => database.Prepare($"""
        INSERT INTO main.{Table} (type, position, count) VALUES (?1, ?2, ?3)
            ON CONFLICT (type) DO UPDATE SET position = excluded.position, count = excluded.count
        """).Bind(1, type).Bind(2, upTo).Bind(3, count).Run();

    private (long UpTo, long Count) KeptFor(long type)
    {
        if (!_isThere) return (0, 0);
        var select = _database.Prepare($"SELECT position, count FROM main.{Table} WHERE type = ?1").Bind(1, type);
        var kept = select.Step() ? (select.Long(0), select.Long(1)) : (0, 0);
        select.Reset();
        return kept;
    }

    private long CountBetween(long type, long after, long upTo) => _database
        .Prepare("SELECT count(*) FROM events INDEXED BY events_by_type WHERE type = ?1 AND position > ?2 AND position <= ?3")
        .Bind(1, type).Bind(2, after).Bind(3, upTo).Scalar() ?? 0;
}
