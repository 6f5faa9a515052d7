namespace EventSourcing;

/// <summary>
/// Repairs the table of a read model when a commit creates a read model of its name. If the table is missing, it is made anew. If the
/// catalogue's fields differ from those that are wanted or cannot be read, and the table was made with the wanted ones, then the
/// catalogue is wrong and is written anew. A missing index is made anew. None of this loses a document.
/// </summary>
internal static class TableRepair
{
    /// <summary>Whether there is anything to repair.</summary>
    public static bool IsNeeded(Database database, DocumentTable table, ReadModelDefinition wanted)
    {
        if (!table.IsDefinedAs(wanted)) return IsMissing(database, table) || WasMadeWith(database, table, wanted.Fields);
        if (table.IsProbed) return false;
        if (table.FailureOf(database) is not null) return IsMissing(database, table);
        table.IsProbed = table.Definition.Fields.All(field => HasIndex(database, table, field));
        return !table.IsProbed;
    }

    /// <summary>Repairs what <see cref="IsNeeded"/> has found.</summary>
    public static void Run(Database database, DocumentTable table, ReadModelDefinition wanted)
    {
        if (IsMissing(database, table))
        {
            database.Prepare("DELETE FROM read_models WHERE id = ?1").Bind(1, table.Id).Run();
            DocumentCatalog.Create(database, wanted);
            return;
        }

        foreach (var field in wanted.Fields.Where(field => !HasIndex(database, table, field)))
            DocumentCatalog.CreateIndex(database, table, field);
        database.Prepare("UPDATE read_models SET fields = ?2 WHERE id = ?1")
            .Bind(1, table.Id).Bind(2, FieldList.Written(wanted.Fields)).Run();
    }

    public static bool IsMissing(Database database, DocumentTable table) =>
        database.Prepare("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE")
            .Bind(1, table.Name).Scalar() == 0;

    private static bool HasIndex(Database database, DocumentTable table, FieldDefinition field) => database
        .Prepare("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name = ?1 COLLATE NOCASE AND name = ?2 COLLATE NOCASE")
        .Bind(1, table.Name).Bind(2, $"{table.Name}_by_{field.Name}").Scalar() > 0;

    /// <summary>Whether the table itself has exactly these fields between key and data.</summary>
    private static bool WasMadeWith(Database database, DocumentTable table, IReadOnlyList<FieldDefinition> fields)
    {
        var select = database.Prepare("SELECT name || ' ' || type FROM pragma_table_info(?1) ORDER BY cid").Bind(1, table.Name);
        var columns = new List<string>();
        while (select.Step()) columns.Add(select.Text(0));
        select.Reset();
        return columns.TakeWhile(column => column != "data BLOB").SequenceEqual(fields.Select(FieldList.Written).Prepend("key TEXT"));
    }
}
