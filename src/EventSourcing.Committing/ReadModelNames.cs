namespace EventSourcing;

/// <summary>
/// The names that a database keeps for the tables, indices and views of read models: they are made and dropped with them, so no table of an
/// app may have one.
/// </summary>
internal static class ReadModelNames
{
    private const string DocumentTables = "documents_", DocumentViews = "read_model_";

    /// <summary>What is wrong with the name of an app's table, to follow "which"; null if nothing is.</summary>
    public static string? FlawIn(string table)
    {
        if (table.StartsWith(DocumentViews, StringComparison.OrdinalIgnoreCase))
            return $"begins with '{DocumentViews}', which is kept for the views of read models";
        return table.StartsWith(DocumentTables, StringComparison.OrdinalIgnoreCase) && table.Length > DocumentTables.Length
            && char.IsAsciiDigit(table[DocumentTables.Length])
            ? $"begins with '{DocumentTables}' and a number, which is kept for the documents of read models"
            : null;
    }
}
