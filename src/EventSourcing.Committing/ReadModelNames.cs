namespace EventSourcing;

/// <summary>
/// The names that are reserved for the tables, indices and views of read models. Those are made and dropped together with their read model,
/// so no table of an app may have such a name.
/// </summary>
internal static class ReadModelNames
{
    private const string DocumentTables = "documents_", DocumentViews = "read_model_";

    /// <summary>What is wrong with the name of an app's table, in words that can follow "which"; null if nothing is wrong.</summary>
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
