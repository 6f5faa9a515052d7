namespace EventSourcing;

/// <summary>The catalogue of read models in the file: finds the table of each, makes tables and drops them.</summary>
internal static class DocumentCatalog
{
    /// <summary>The table of a read model; null if there is none.</summary>
    public static DocumentTable? Find(Database database, string name) =>
        Read(database.Prepare("SELECT id, name, fields FROM read_models WHERE name = ?1").Bind(1, name));

    /// <summary>The table of a read model by its name or an alias; null if there is none.</summary>
    public static DocumentTable? Resolve(Database database, string nameOrAlias) => Read(database.Prepare("""
        SELECT id, name, fields FROM read_models WHERE name = ?1
        UNION ALL SELECT m.id, m.name, m.fields FROM read_model_aliases a JOIN read_models m ON m.id = a.model WHERE a.alias = ?1
        """).Bind(1, nameOrAlias));

    /// <summary>The tables of all read models, ordered by the code points of their names.</summary>
    public static List<DocumentTable> All(Database database)
    {
        var select = database.Prepare("SELECT id, name, fields FROM read_models ORDER BY name");
        var tables = new List<DocumentTable>();
        try
        {
            while (select.Step()) tables.Add(At(select));
            return tables;
        }
        finally
        {
            select.Reset();
        }
    }

    public static DocumentTable Create(Database database, ReadModelDefinition definition)
    {
        // The app's own tables may have such names; dropping a read model must never drop one of them.
        var id = (database.Prepare("SELECT max(id) FROM read_models").Scalar() ?? 0) + 1;
        var find = database.Prepare(
            "SELECT count(*) FROM sqlite_master WHERE name = ?1 COLLATE NOCASE OR substr(lower(name), 1, length(?1) + 4) = ?1 || '_by_'");
        while (find.Bind(1, DocumentTable.NameOf(id)).Scalar() > 0) id++;

        var table = new DocumentTable(id, definition.Name, definition);

        // The type is meant for people who look into the file: every bound value already has it, so it converts nothing.
        var columns = string.Concat(definition.Fields.Select(field => $"{Identifier.Quote(field.Name)} {FieldList.TypeOf(field.Kind)}, "));
        database.Execute($"CREATE TABLE {table.Quoted} (key TEXT NOT NULL UNIQUE, {columns}data BLOB NOT NULL)");
        foreach (var field in definition.Fields) CreateIndex(database, table, field);
        database.Prepare("INSERT INTO read_models (id, name, fields) VALUES (?1, ?2, ?3)")
            .Bind(1, id).Bind(2, definition.Name).Bind(3, FieldList.Written(definition.Fields)).Run();
        return table;
    }

    public static void Drop(Database database, DocumentTable table)
    {
        // It may be missing: a damaged read model is dropped in order to be made anew.
        database.Execute($"DROP TABLE IF EXISTS {table.Quoted}");
        database.Prepare("DELETE FROM read_models WHERE id = ?1").Bind(1, table.Id).Run();
    }

    public static void CreateIndex(Database database, DocumentTable table, FieldDefinition field) =>
        database.Execute($"CREATE INDEX {table.IndexOf(field)} ON {table.Quoted} ({Identifier.Quote(field.Name)}, key)");

    private static DocumentTable? Read(Statement select)
    {
        try
        {
            return select.Step() ? At(select) : null;
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>
    /// The table described by a row of the catalogue. Nothing in that row is trusted: its names become part of statements.
    /// </summary>
    private static DocumentTable At(Statement row)
    {
        var (id, name) = (row.Long(0), row.Text(1));
        try
        {
            var definition = new ReadModelDefinition(row.ExactText(1), FieldList.Read(row.ExactText(2)));
            definition.Validate();
            return new DocumentTable(id, name, definition);
        }
        catch (Exception flaw) when (DamagedDataException.IsDueTo(flaw))
        {
            return new DocumentTable(
                id, name, null, $"row {id} of the table 'read_models' says that it has the fields '{row.Text(2)}', which cannot be read");
        }
    }
}
