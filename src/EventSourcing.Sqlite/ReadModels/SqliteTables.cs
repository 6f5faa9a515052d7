namespace EventSourcing;

/// <summary>What SQL of an app's own must look like in a file of SQLite.</summary>
internal sealed class SqliteTables : TableSupport
{
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
        return ReadModelNames.FlawIn(table);
    }
}
