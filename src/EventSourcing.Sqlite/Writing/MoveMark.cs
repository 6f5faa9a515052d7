namespace EventSourcing;

/// <summary>
/// The mark of a store that has moved: a trigger that refuses every new event and names the place. So an older version of this library
/// and the sqlite3 shell append nothing either.
/// </summary>
internal static class MoveMark
{
    /// <summary>The name of the trigger.</summary>
    public const string Name = "store_moved";

    /// <summary>The table that it is on.</summary>
    public const string Table = "events";

    private const string Beginning = $"CREATE TRIGGER {Name} BEFORE INSERT ON {Table} BEGIN SELECT raise(ABORT, 'the store has moved to ";
    private const string End = "'); END";

    /// <summary>Where a store has moved to; null if it has not.</summary>
    public static string? Read(Database database)
    {
        using var select = database.PrepareOnceFor("SELECT sql FROM sqlite_master WHERE name = ?1 AND type = 'trigger'", Name);
        return select.Step() ? PlaceIn(select.Text(0)) : null;
    }

    /// <summary>Whether a trigger is this mark, and nothing else that has its name.</summary>
    public static bool Is(string name, string table, string sql) => name == Name && table == Table && PlaceIn(sql) is not null;

    /// <summary>Sets the mark or takes it away. Runs inside the caller's write transaction.</summary>
    public static void Write(Database database, string? movedTo)
    {
        database.Execute($"DROP TRIGGER IF EXISTS {Name}");
        if (movedTo is not null) database.Execute(Sql(movedTo));
    }

    private static string Sql(string movedTo) => Beginning + movedTo.Replace("'", "''", StringComparison.Ordinal) + End;

    private static string? PlaceIn(string sql)
    {
        if (sql.Length < Beginning.Length + End.Length || !sql.StartsWith(Beginning, StringComparison.Ordinal)) return null;
        var place = sql[Beginning.Length..^End.Length].Replace("''", "'", StringComparison.Ordinal);
        return Sql(place) == sql ? place : null;
    }
}
