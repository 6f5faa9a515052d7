using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace EventSourcing;

/// <summary>
/// The table of one read model's documents, with a column and an index for each field. Its number is never given again, so a table
/// that is remembered cannot become another one. Immutable.
/// </summary>
internal sealed class DocumentTable
{
    /// <summary>
    /// The characters of a text by which it is indexed. An entry of an index has room for 2,704 bytes, and a text may be longer: the
    /// whole text is compared beside it.
    /// </summary>
    public const int IndexedCharacters = 160;

    private readonly ReadModelDefinition? _definition;
    private readonly string _flaw;

    public DocumentTable(SchemaSql sql, int id, string name, string fields, bool isThere)
    {
        Id = id;
        ReadModel = name;
        IsThere = isThere;
        Quoted = $"{sql.Quoted}.{NameOf(id)}";
        try
        {
            _flaw = "";
            var definition = new ReadModelDefinition(name, FieldList.Read(fields));
            definition.Validate();
            _definition = definition;
        }
        catch (Exception flaw) when (flaw is FormatException or ArgumentException)
        {
            _flaw = string.Create(CultureInfo.InvariantCulture,
                $"row {id} of the table 'read_models' says that it has the fields '{fields}', which cannot be read");
        }
    }

    public int Id { get; }

    public string ReadModel { get; }

    /// <summary>Whether the table was there when the catalogue was read.</summary>
    public bool IsThere { get; }

    /// <summary>The table's name, qualified and quoted for SQL.</summary>
    public string Quoted { get; }

    /// <exception cref="ReadModelDamagedException">
    /// The stored definition of its fields cannot be read. The read model can still be dropped.
    /// </exception>
    public ReadModelDefinition Definition => _definition ?? throw new ReadModelDamagedException(ReadModel, _flaw);

    /// <summary>The statement that reads a catalogue's rows; to be completed by a condition on <c>m</c>.</summary>
    public static string Select(SchemaSql sql) =>
        $"SELECT m.id, m.name, m.fields, to_regclass(format('%I.%I', {Literal(sql.Schema)}, 'documents_' || m.id)) IS NOT NULL "
        + $"FROM {sql.Quoted}.read_models m";

    /// <summary>The table that a row of <see cref="Select"/> describes.</summary>
    public static DocumentTable At(NpgsqlDataReader row, SchemaSql sql) =>
        new(
            sql,
            row.GetInt32(0),
            row.IsDBNull(1) ? "" : row.GetString(1),
            row.IsDBNull(2) ? "(nothing)" : row.GetString(2),
            row.GetBoolean(3));

    public static string NameOf(int id) => string.Create(CultureInfo.InvariantCulture, $"documents_{id}");

    /// <summary>The statements that make the table.</summary>
    public static IEnumerable<string> CreateSql(SchemaSql sql, int id, ReadModelDefinition definition)
    {
        var columns = string.Concat(definition.Fields.Select(field => $"{Identifier.Quote(field.Name)} {TypeOf(field.Kind)}, "));
        yield return $"CREATE TABLE {sql.Quoted}.{NameOf(id)} (key text COLLATE \"C\" PRIMARY KEY, {columns}data bytea NOT NULL)";
        for (var i = 0; i < definition.Fields.Count; i++)
        {
            var field = definition.Fields[i];
            var column = Identifier.Quote(field.Name);
            var indexed = field.Kind == FieldKind.Text ? Prefix(column) : column;
            yield return string.Create(CultureInfo.InvariantCulture,
                $"CREATE INDEX {NameOf(id)}_by_{i + 1} ON {sql.Quoted}.{NameOf(id)} ({indexed} NULLS FIRST, key)");
        }
    }

    /// <summary>The part of a text by which it is indexed.</summary>
    public static string Prefix(string column) => string.Create(CultureInfo.InvariantCulture, $"left({column}, {IndexedCharacters})");

    /// <summary>The view that people and tools see.</summary>
    public string ViewSql(SchemaSql sql) =>
        $"SELECT key, {sql.Quoted}.text_of(data) AS "
        + $"document{string.Concat(Definition.Fields.Select(field => $", {Identifier.Quote(field.Name)}"))} FROM {Quoted}";

    /// <summary>
    /// Adds the statements that write and delete documents; the keys are sorted, so that two commits lock rows in one order.
    /// </summary>
    public void AddChangesTo(NpgsqlBatch batch, List<DocumentChange> changes)
    {
        changes.Sort(static (x, y) => string.CompareOrdinal(x.Key, y.Key));
        var written = changes.FindAll(change => change.Data is not null);
        string[] deleted = [.. changes.Where(change => change.Data is null).Select(change => change.Key)];
        if (deleted.Length > 0) batch.Add($"DELETE FROM {Quoted} WHERE key = ANY ($1)").With(deleted);
        if (written.Count == 0) return;
        var fields = Definition.Fields;
        var columns = fields.Select(field => Identifier.Quote(field.Name)).Prepend("data").ToList();
        var values = fields.Select((field, i) =>
            string.Create(CultureInfo.InvariantCulture, $"${i + 3}::{ArrayTypeOf(field.Kind)}")).Prepend("$2::bytea[]");
        var command = batch.Add($"""
            INSERT INTO {Quoted} (key, {string.Join(", ", columns)}) SELECT * FROM unnest($1::text[], {string.Join(", ", values)})
            ON CONFLICT (key) DO UPDATE SET {string.Join(", ", columns.Select(column => $"{column} = excluded.{column}"))}
            """);
        command.With((string[])[.. written.Select(change => change.Key)])
            .With((byte[]?[])[.. written.Select(change => change.Data!.Value.ToArray())]);
        for (var i = 0; i < fields.Count; i++) command.With(ValuesOf(fields[i].Kind, written, i));
    }

    /// <summary>Whether its documents are records of the library's own.</summary>
    public bool IsOfTheLibrary => ReadModel.StartsWith('$');

    /// <summary>The key of a document.</summary>
    /// <exception cref="ReadModelDamagedException">It is none that the library writes: the next page could not begin after it.</exception>
    public string KeyAt(NpgsqlDataReader row, int column)
    {
        var key = row.GetString(column);
        try
        {
            StoredDocument.ThrowIfInvalidKey(key);
            return key;
        }
        catch (ArgumentException flaw)
        {
            throw new ReadModelDamagedException(
                ReadModel, $"a document of it has a key that the library does not write ({flaw.Message})", flaw);
        }
    }

    /// <summary>
    /// The data of a document. Of the library's own records anything is read: the code that reads them checks the content, and it can
    /// replace only what it has read.
    /// </summary>
    /// <exception cref="ReadModelDamagedException">There is none.</exception>
    public byte[] DataAt(NpgsqlDataReader row, int column, string key)
    {
        if (!row.IsDBNull(column)) return row.GetFieldValue<byte[]>(column);
        return IsOfTheLibrary ? [] : throw new ReadModelDamagedException(ReadModel, $"its document '{key}' has no data");
    }

    /// <summary>The value of a column of a field.</summary>
    public static FieldValue ValueAt(NpgsqlDataReader row, int column, FieldKind kind) => row.IsDBNull(column) ? default : kind switch
    {
        FieldKind.WholeNumber => new FieldValue(row.GetInt64(column)),
        FieldKind.Number => new FieldValue(row.GetDouble(column)),
        _ => new FieldValue(row.GetString(column)),
    };

    /// <summary>A parameter for the value of a field.</summary>
    public static NpgsqlParameter ParameterFor(FieldValue value) => value.Kind switch
    {
        FieldKind.WholeNumber => new NpgsqlParameter<long> { TypedValue = value.WholeNumber },
        FieldKind.Number => new NpgsqlParameter<double> { TypedValue = value.Number },
        _ => new NpgsqlParameter<string> { TypedValue = value.Text },
    };

    /// <summary>The error when a statement on the table finds that it is not as it was made.</summary>
    public ReadModelDamagedException Damaged(PostgresException failure) =>
        new(ReadModel, $"the server says '{failure.MessageText}' of its table '{NameOf(Id)}'", failure);

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static NpgsqlParameter ValuesOf(FieldKind kind, List<DocumentChange> written, int field) => kind switch
    {
        FieldKind.WholeNumber =>
            NpgsqlExtensions.Array(NpgsqlDbType.Bigint,
            (long?[])[.. written.Select(change => change.Fields[field] is { Kind: not null } value ? value.WholeNumber : (long?)null)]),
        FieldKind.Number => NpgsqlExtensions.Array(NpgsqlDbType.Double,
            (double?[])[.. written.Select(change => change.Fields[field] is { Kind: not null } value ? value.Number : (double?)null)]),
        _ => NpgsqlExtensions.Array(NpgsqlDbType.Text,
            (string?[])[.. written.Select(change => change.Fields[field] is { Kind: not null } value ? value.Text : null)]),
    };

    private static string TypeOf(FieldKind kind) => kind switch
    {
        FieldKind.WholeNumber => "bigint",
        FieldKind.Number => "double precision",
        _ => "text COLLATE \"C\"",
    };

    private static string ArrayTypeOf(FieldKind kind) => kind switch
    {
        FieldKind.WholeNumber => "bigint[]",
        FieldKind.Number => "double precision[]",
        _ => "text[]",
    };
}
