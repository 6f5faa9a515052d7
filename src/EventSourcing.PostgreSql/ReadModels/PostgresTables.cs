namespace EventSourcing;

/// <summary>What SQL of an app's own must look like in PostgreSQL.</summary>
internal sealed class PostgresTables : TableSupport
{
    private const string DocumentTables = "documents_", DocumentViews = "read_model_", OfTheServer = "pg_";

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
        if (isOurs) return "is the name of something of the store's own";
        if (table.StartsWith(DocumentViews, StringComparison.OrdinalIgnoreCase))
            return $"begins with '{DocumentViews}', which is kept for the views of read models";
        return table.StartsWith(DocumentTables, StringComparison.OrdinalIgnoreCase) && table.Length > DocumentTables.Length
            && char.IsAsciiDigit(table[DocumentTables.Length])
            ? $"begins with '{DocumentTables}' and a number, which is kept for the documents of read models"
            : null;
    }
}
