using System.Globalization;

namespace EventSourcing;

/// <summary>
/// The table of one read model's documents, with a column and an index for each field. The fields come before the data, so
/// that looking at them does not read through a long document. The table has rowids: without them, inserts took 1.3 to 1.9
/// times as long, and finding a document of 4 KiB took twice as long; only finding one of 300 bytes was quicker.
/// </summary>
internal sealed class DocumentTable
{
    private readonly string _readModel;
    private readonly ReadModelDefinition? _definition;
    private readonly string _flaw;
    private readonly bool _isOfTheLibrary;

    /// <param name="id">Its number in the catalogue.</param>
    /// <param name="readModel">The name of the read model.</param>
    /// <param name="definition">The definition; null if what is stored of it cannot be read.</param>
    /// <param name="flaw">Why the definition cannot be read.</param>
    public DocumentTable(long id, string readModel, ReadModelDefinition? definition, string flaw = "")
    {
        Id = id;
        _readModel = readModel;
        _definition = definition;
        _flaw = flaw;
        _isOfTheLibrary = readModel.StartsWith('$');
        Name = NameOf(id);
        Quoted = Identifier.Quote(Name);
        Select = $"SELECT data FROM {Quoted} WHERE key = ?1";
        Delete = $"DELETE FROM {Quoted} WHERE key = ?1";
    }

    public long Id { get; }

    /// <summary>The table's name.</summary>
    public string Name { get; }

    /// <exception cref="ReadModelDamagedException">
    /// The stored definition of its fields cannot be read. The read model can still be dropped.
    /// </exception>
    public ReadModelDefinition Definition => _definition ?? throw new ReadModelDamagedException(_readModel, _flaw);

    /// <summary>Whether the stored definition of its fields is this one; false if it cannot be read.</summary>
    public bool IsDefinedAs(ReadModelDefinition wanted) => _definition is not null && _definition.Equals(wanted);

    /// <summary>Whether the table was found to be as it was made.</summary>
    public bool IsProbed { get; set; }

    /// <summary>Whether a row may turn out not to be a document when it is read.</summary>
    public bool MaySkipRows => _isOfTheLibrary;

    /// <summary>The table's name, quoted for SQL.</summary>
    public string Quoted { get; }

    private string Select { get; }

    private string Delete { get; }

    private string Upsert => field ??= UpsertSql();

    /// <summary>The index by a field, quoted for SQL.</summary>
    public string IndexOf(FieldDefinition field) => Identifier.Quote($"{Name}_by_{field.Name}");

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
        new(_readModel, $"SQLite says '{failure.Message}' of its table '{Name}'", failure.AsDriverError);

    /// <summary>
    /// Checks that the table is as it was made, before anything is written. Once is enough: a change of the table changes the
    /// schema.
    /// </summary>
    /// <exception cref="ReadModelDamagedException">The table or a column of it is missing, or its fields cannot be read.</exception>
    public void Probe(Database database)
    {
        if (IsProbed) return;
        if (FailureOf(database) is { } failure) throw Damaged(failure);
        IsProbed = true;
    }

    /// <summary>The failure of a statement that names the table and all of its columns; null if it does not fail.</summary>
    public SqliteFailure? FailureOf(Database database)
    {
        try
        {
            database.Prepare(
                $"SELECT key, data{string.Concat(Definition.Fields.Select(field => $", {Identifier.Quote(field.Name)}"))} FROM {Quoted} "
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

    public static string NameOf(long id) => string.Create(CultureInfo.InvariantCulture, $"documents_{id}");

    private string UpsertSql()
    {
        var columns = Definition.Fields.Select(field => Identifier.Quote(field.Name)).Prepend("data").ToList();
        var values = columns.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"?{i + 2}"));
        return $"INSERT INTO {Quoted} (key, {string.Join(", ", columns)}) "
            + $"VALUES (?1, {string.Join(", ", values)}) ON CONFLICT (key) DO UPDATE SET "
            + $"{string.Join(", ", columns.Select(column => $"{column} = excluded.{column}"))}";
    }
}
