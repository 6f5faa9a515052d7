using System.Globalization;

namespace EventSourcing;

/// <summary>
/// The table of one read model's documents, with a column and an index for each field. The fields come before the data, so
/// that looking at them does not read through a long document. The table has rowids: without them, inserts took 1.3 to 1.9
/// times as long, and finding a document of 4 KiB took twice as long; only finding one of 300 bytes was quicker.
/// </summary>
internal sealed class DocumentTable
{
    private readonly string _name;
    private readonly string _readModel;
    private readonly ReadModelDefinition? _definition;
    private readonly string _flaw;
    private readonly bool _isOfTheLibrary;
    private bool _isProbed;

    private DocumentTable(long id, string readModel, ReadModelDefinition? definition, string flaw = "")
    {
        Id = id;
        _readModel = readModel;
        _definition = definition;
        _flaw = flaw;
        _isOfTheLibrary = readModel.StartsWith('$');
        _name = NameOf(id);
        Quoted = Identifier.Quote(_name);
        Select = $"SELECT data FROM {Quoted} WHERE key = ?1";
        Delete = $"DELETE FROM {Quoted} WHERE key = ?1";
    }

    public long Id { get; }

    /// <exception cref="ReadModelDamagedException">
    /// The stored definition of its fields cannot be read. The read model can still be dropped.
    /// </exception>
    public ReadModelDefinition Definition => _definition ?? throw new ReadModelDamagedException(_readModel, _flaw);

    /// <summary>Whether a row may turn out not to be a document when it is read.</summary>
    public bool MaySkipRows => _isOfTheLibrary;

    /// <summary>The table's name, quoted for SQL.</summary>
    public string Quoted { get; }

    private string Select { get; }

    private string Delete { get; }

    private string Upsert => field ??= UpsertSql();

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
        while (find.Bind(1, NameOf(id)).Scalar() > 0) id++;

        var table = new DocumentTable(id, definition.Name, definition);
        var columns = string.Concat(definition.Fields.Select(field => $"{Identifier.Quote(field.Name)} {TypeOf(field.Kind)}, "));
        database.Execute($"CREATE TABLE {table.Quoted} (key TEXT NOT NULL UNIQUE, {columns}data BLOB NOT NULL)");
        foreach (var field in definition.Fields) table.CreateIndex(database, field);
        database.Prepare("INSERT INTO read_models (id, name, fields) VALUES (?1, ?2, ?3)")
            .Bind(1, id).Bind(2, definition.Name).Bind(3, Written(definition.Fields)).Run();
        return table;
    }

    public void Drop(Database database)
    {
        // It may be missing: a damaged read model is dropped in order to be made anew.
        database.Execute($"DROP TABLE IF EXISTS {Quoted}");
        database.Prepare("DELETE FROM read_models WHERE id = ?1").Bind(1, Id).Run();
    }

    /// <summary>The index by a field, quoted for SQL.</summary>
    public string IndexOf(FieldDefinition field) => Identifier.Quote($"{_name}_by_{field.Name}");

    /// <summary>The view that people and tools see.</summary>
    public string ViewSql() =>
        "SELECT key, CAST(data AS TEXT) AS "
        + $"document{string.Concat(Definition.Fields.Select(field => $", {Identifier.Quote(field.Name)}"))} FROM {Quoted}";

    public byte[]? Load(Database database, string key)
    {
        var select = database.Prepare(Select).Bind(1, key);
        try
        {
            return select.Step() ? DataAt(select, 0, key) : null;
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>
    /// The one place where a row of a query becomes a document: its key, its data and the value that orders it. Null for a
    /// record of the library's own whose key cannot be read: no caller can ask for it by its key, so it is treated as
    /// missing. If it were an error, one such row would keep all projections from reading the intact records.
    /// </summary>
    /// <exception cref="ReadModelDamagedException">A value has a class that the library does not write, or cannot be decoded.</exception>
    public StoredDocument? Read(Statement row, FieldDefinition? order)
    {
        if (_isOfTheLibrary && !HasKey(row)) return null;

        // A key of another class would be found again by every page that begins after it.
        if (row.Class(0) != StorageClass.Text) throw Damage(row, "key", $"it is {row.Class(0)}");
        try
        {
            var key = row.ExactText(0);
            StoredDocument.ThrowIfInvalidKey(key); // the next page may begin after it
            return new StoredDocument(key, DataAt(row, 1, null), order is { } field ? ValueAt(row, 2, field) : default);
        }
        catch (ArgumentException flaw)
        {
            throw Damage(row, order is null ? "key" : $"key or {order.Value.Name}", flaw.Message);
        }
    }

    private static bool HasKey(Statement row)
    {
        if (row.Class(0) != StorageClass.Text) return false;
        try
        {
            StoredDocument.ThrowIfInvalidKey(row.ExactText(0));
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>
    /// The data of a document. The library's own records are read whatever their class is: the code that reads them checks
    /// the content, and it can replace only what it has read.
    /// </summary>
    private byte[] DataAt(Statement row, int column, string? key) => _isOfTheLibrary || row.Class(column) == StorageClass.Blob
        ? row.Bytes(column).ToArray()
        : throw new ReadModelDamagedException(
            _readModel, $"its document '{key ?? row.Text(0)}' cannot be read, since its data is {row.Class(column)} and not a BLOB");

    private FieldValue ValueAt(Statement row, int column, FieldDefinition field)
    {
        var expected = field.Kind switch
        {
            FieldKind.WholeNumber => StorageClass.Integer,
            FieldKind.Number => StorageClass.Real,
            _ => StorageClass.Text,
        };
        return row.Class(column) is var actual && (actual == expected || actual == StorageClass.Null)
            ? row.Field(column, field.Kind)
            : throw Damage(row, field.Name, $"it is {actual}, and the field holds {field.Kind} values");
    }

    private ReadModelDamagedException Damage(Statement row, string column, string flaw) => new(
        _readModel,
        $"its document '{row.Text(0)}' cannot be read, since the value of its column '{column}' is not one that the library writes: "
        + $"{flaw}");

    public static IReadOnlyList<byte[]?> Load(Database database, DocumentTable? table, IReadOnlyList<string> keys)
    {
        var documents = new byte[]?[keys.Count];
        if (table is null) return documents;
        try
        {
            for (var i = 0; i < documents.Length; i++) documents[i] = table.Load(database, keys[i]);
        }
        catch (SqliteFailure failure) when (IsOfTable(failure))
        {
            throw table.Damaged(failure);
        }

        return documents;
    }

    /// <summary>
    /// Whether the failure of a statement on the table says that the table is not as it was made, or that something was added
    /// to it that refuses the statement. In that case the medium and the file as a whole are not the cause.
    /// </summary>
    public static bool IsOfTable(SqliteFailure failure) => failure is { Fault: SqliteFault.Damage, IsOfDatabase: false };

    public ReadModelDamagedException Damaged(SqliteFailure failure) =>
        new(_readModel, $"SQLite says '{failure.Message}' of its table '{_name}'", failure.AsDriverError);

    /// <summary>
    /// Checks that the table is as it was made, before anything is written. Once is enough: a change of the table changes the
    /// schema.
    /// </summary>
    /// <exception cref="ReadModelDamagedException">The table or a column of it is missing, or its fields cannot be read.</exception>
    public void Probe(Database database)
    {
        if (_isProbed) return;
        if (FailureOf(database, Definition) is { } failure) throw Damaged(failure);
        _isProbed = true;
    }

    /// <summary>
    /// Whether a commit that creates a read model of this name should repair an existing one. If its table is missing, the
    /// table is made anew. If the catalogue's fields differ from those that are wanted or cannot be read, and the table was
    /// made with the wanted ones, then the catalogue is wrong and is written anew. A missing index is made anew. None of this
    /// loses a document.
    /// </summary>
    public bool IsToBeMended(Database database, ReadModelDefinition wanted)
    {
        if (_definition is null || !_definition.Equals(wanted)) return IsMissing(database) || WasMadeWith(database, wanted.Fields);
        if (_isProbed) return false;
        if (FailureOf(database, _definition) is not null) return IsMissing(database);
        _isProbed = _definition.Fields.All(field => HasIndex(database, field));
        return !_isProbed;
    }

    /// <summary>Repairs what <see cref="IsToBeMended"/> has found.</summary>
    public void Mend(Database database, ReadModelDefinition wanted)
    {
        if (IsMissing(database))
        {
            database.Prepare("DELETE FROM read_models WHERE id = ?1").Bind(1, Id).Run();
            Create(database, wanted);
            return;
        }

        foreach (var field in wanted.Fields.Where(field => !HasIndex(database, field))) CreateIndex(database, field);
        database.Prepare("UPDATE read_models SET fields = ?2 WHERE id = ?1").Bind(1, Id).Bind(2, Written(wanted.Fields)).Run();
    }

    private bool HasIndex(Database database, FieldDefinition field) => database
        .Prepare("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name = ?1 COLLATE NOCASE AND name = ?2 COLLATE NOCASE")
        .Bind(1, _name).Bind(2, $"{_name}_by_{field.Name}").Scalar() > 0;

    private void CreateIndex(Database database, FieldDefinition field) =>
        database.Execute($"CREATE INDEX {IndexOf(field)} ON {Quoted} ({Identifier.Quote(field.Name)}, key)");

    public bool IsMissing(Database database) =>
        database.Prepare("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE")
            .Bind(1, _name).Scalar() == 0;

    /// <summary>Whether the table itself has exactly these fields between key and data.</summary>
    private bool WasMadeWith(Database database, IReadOnlyList<FieldDefinition> fields)
    {
        var select = database.Prepare("SELECT name || ' ' || type FROM pragma_table_info(?1) ORDER BY cid").Bind(1, _name);
        var columns = new List<string>();
        while (select.Step()) columns.Add(select.Text(0));
        select.Reset();
        return columns.TakeWhile(column => column != "data BLOB").SequenceEqual(fields.Select(Written).Prepend("key TEXT"));
    }

    private SqliteFailure? FailureOf(Database database, ReadModelDefinition definition)
    {
        try
        {
            database.Prepare(
                $"SELECT key, data{string.Concat(definition.Fields.Select(field => $", {Identifier.Quote(field.Name)}"))} FROM {Quoted} "
                + "LIMIT 0").Run();
            return null;
        }
        catch (SqliteFailure failure) when (IsOfTable(failure))
        {
            return failure;
        }
    }

    public bool Has(Database database, in DocumentGuard guard)
    {
        try
        {
            return Meets(database, guard);
        }
        catch (SqliteFailure failure) when (IsOfTable(failure))
        {
            throw Damaged(failure);
        }
    }

    private bool Meets(Database database, in DocumentGuard guard)
    {
        var select = database.Prepare(Select).Bind(1, guard.Key);
        var isMet = select.Step()
            ? guard.Expected is { } expected && select.Bytes(0).SequenceEqual(expected.Span)
            : guard.Expected is null;
        select.Reset();
        return isMet;
    }

    public void Write(Database database, in DocumentChange change)
    {
        if (change.Data is not { } data)
        {
            database.Prepare(Delete).Bind(1, change.Key).Run();
            return;
        }

        var upsert = database.Prepare(Upsert).Bind(1, change.Key).Bind(2, data.Span);
        for (var i = 0; i < change.Fields.Count; i++) upsert.Bind(3 + i, change.Fields[i]);
        upsert.Run();
    }

    private static string NameOf(long id) => string.Create(CultureInfo.InvariantCulture, $"documents_{id}");

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
            var definition = new ReadModelDefinition(row.ExactText(1), ReadFields(row.ExactText(2)));
            definition.Validate();
            return new DocumentTable(id, name, definition);
        }
        catch (Exception flaw) when (DamagedDataException.IsDueTo(flaw))
        {
            return new DocumentTable(
                id, name, null, $"row {id} of the table 'read_models' says that it has the fields '{row.Text(2)}', which cannot be read");
        }
    }

    private string UpsertSql()
    {
        var columns = Definition.Fields.Select(field => Identifier.Quote(field.Name)).Prepend("data").ToList();
        var values = columns.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"?{i + 2}"));
        return $"INSERT INTO {Quoted} (key, {string.Join(", ", columns)}) "
            + $"VALUES (?1, {string.Join(", ", values)}) ON CONFLICT (key) DO UPDATE SET "
            + $"{string.Join(", ", columns.Select(column => $"{column} = excluded.{column}"))}";
    }

    // The type is meant for people who look into the file: every bound value already has it, so it converts nothing.
    private static string TypeOf(FieldKind kind) => kind switch
    {
        FieldKind.WholeNumber => "INTEGER",
        FieldKind.Number => "REAL",
        _ => "TEXT",
    };

    /// <summary>The fields as they are written in the file, e.g. <c>city TEXT, total REAL</c>.</summary>
    private static string Written(IReadOnlyList<FieldDefinition> fields) => string.Join(", ", fields.Select(Written));

    private static string Written(FieldDefinition field) => $"{field.Name} {TypeOf(field.Kind)}";

    private static List<FieldDefinition> ReadFields(string written)
    {
        var fields = new List<FieldDefinition>();
        if (written.Length == 0) return fields;
        foreach (var field in written.Split(", "))
        {
            var space = field.IndexOf(' ', StringComparison.Ordinal);
            var kind = field[(space + 1)..] switch
            {
                "INTEGER" => FieldKind.WholeNumber,
                "REAL" => FieldKind.Number,
                "TEXT" => FieldKind.Text,
                _ => throw new FormatException($"'{written}' is no list of fields."),
            };
            fields.Add(new FieldDefinition(field[..Math.Max(space, 0)], kind));
        }

        return fields;
    }
}
