namespace EventSourcing;

/// <summary>The names that tables of the app cannot have in the schema of a store.</summary>
internal static class TableNames
{
    private const string DocumentTables = "documents_", DocumentViews = "read_model_", OfTheServer = "pg_";

    /// <summary>What is wrong with a name, to follow "which"; null if nothing is.</summary>
    public static string? FlawIn(string table)
    {
        if (table.StartsWith(OfTheServer, StringComparison.OrdinalIgnoreCase)) return $"begins with '{OfTheServer}', which PostgreSQL keeps for itself";
        if (SchemaSql.Tables.Append("event_log").Contains(table, StringComparer.OrdinalIgnoreCase) || table.StartsWith("events_by_", StringComparison.OrdinalIgnoreCase)) return "is the name of something of the store's own";
        if (table.StartsWith(DocumentViews, StringComparison.OrdinalIgnoreCase)) return $"begins with '{DocumentViews}', which is kept for the views of read models";
        return table.StartsWith(DocumentTables, StringComparison.OrdinalIgnoreCase) && table.Length > DocumentTables.Length && char.IsAsciiDigit(table[DocumentTables.Length])
            ? $"begins with '{DocumentTables}' and a number, which is kept for the documents of read models"
            : null;
    }
}
