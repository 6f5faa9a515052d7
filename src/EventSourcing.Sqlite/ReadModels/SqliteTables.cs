namespace EventSourcing;

/// <summary>What SQL of an app's own must look like in a file of SQLite.</summary>
internal sealed class SqliteTables : TableSupport
{
    /// <summary>Name prefixes of the tables, indices and views of read models; they are made and dropped with them.</summary>
    private const string DocumentTables = "documents_", DocumentViews = "read_model_";

    public static readonly SqliteTables Instance = new();

    private SqliteTables()
    {
    }

    public override bool HasNamedParameters => true;

    /// <summary>SQLite has no limit of its own: a name may be as long as a statement.</summary>
    public override int MaxNameLength => int.MaxValue;

    public override string Quote(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Identifier.Quote(name);
    }

    public override string? FlawIn(string table)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.StartsWith("sqlite_", StringComparison.OrdinalIgnoreCase)) return "begins with 'sqlite_', which SQLite keeps for itself";
        var ofTheStore = Schema.Entries.Select(entry => entry.Name).Append(TypeCounts.Table).Append(MoveMark.Name);
        if (ofTheStore.Contains(table, StringComparer.OrdinalIgnoreCase)) return "is the name of something of the store's own";
        if (table.StartsWith(DocumentViews, StringComparison.OrdinalIgnoreCase))
            return $"begins with '{DocumentViews}', which is kept for the views of read models";
        return table.StartsWith(DocumentTables, StringComparison.OrdinalIgnoreCase) && table.Length > DocumentTables.Length
            && char.IsAsciiDigit(table[DocumentTables.Length])
            ? $"begins with '{DocumentTables}' and a number, which is kept for the documents of read models"
            : null;
    }
}
