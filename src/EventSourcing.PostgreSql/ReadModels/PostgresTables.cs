namespace EventSourcing;

/// <summary>What SQL of an app's own must look like in PostgreSQL.</summary>
internal sealed class PostgresTables : TableSupport
{
    private const string OfTheServer = "pg_";

    public static readonly PostgresTables Instance = new();

    private PostgresTables()
    {
    }

    public override bool HasNamedParameters => false;

    public override int MaxNameLength => PostgresEventStorageOptions.MaxSchemaBytes;

    public override string Quote(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Identifier.Quote(name);
    }

    public override string? FlawIn(string table)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.StartsWith(OfTheServer, StringComparison.OrdinalIgnoreCase))
            return $"begins with '{OfTheServer}', which PostgreSQL keeps for itself";
        var isOurs = SchemaSql.Tables.Append("event_log").Contains(table, StringComparer.OrdinalIgnoreCase)
            || table.StartsWith("events_by_", StringComparison.OrdinalIgnoreCase);
        return isOurs ? "is the name of something of the store's own" : ReadModelNames.FlawIn(table);
    }
}
