namespace EventSourcing.Tamper;

/// <summary>A table as the file has it, found in SQLite's own table of the schema: one that is new there is not forgotten.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sql">The statement that made it.</param>
/// <param name="Columns">All its columns, in order.</param>
/// <param name="Key">The columns by which a row is found.</param>
internal sealed record StoreTable(string Name, string Sql, IReadOnlyList<string> Columns, IReadOnlyList<string> Key)
{
    private const string AllTables = """
        SELECT t.name, s.sql, t.wr FROM pragma_table_list AS t JOIN sqlite_master AS s ON s.name = t.name AND s.type = 'table'
        WHERE t.schema = 'main' ORDER BY t.name
        """;

    public string Quoted => Quote(Name);

    /// <summary>Whether it keeps what is made from the log, and not the log.</summary>
    public bool IsDerived => Name is "read_models" or "read_model_aliases" || IsDocuments || IsOfApp;

    /// <summary>Whether it has the documents of a read model.</summary>
    public bool IsDocuments => Name.StartsWith("documents_", StringComparison.Ordinal);

    /// <summary>Whether it is the app's own.</summary>
    public bool IsOfApp => Name.StartsWith("payments", StringComparison.Ordinal);

    public static IReadOnlyList<StoreTable> In(Shell shell) =>
    [
        .. from row in shell.Rows(AllTables)
           let columns = shell.Rows($"SELECT name, pk FROM pragma_table_xinfo('{row[0].Text}') ORDER BY cid")
           let key = columns.Where(column => column[1].Number > 0).OrderBy(column => column[1].Number).Select(column => column[0].Text)
           let names = columns.Select(column => column[0].Text)
           select new StoreTable(row[0].Text, row[1].Text, [.. names], row[2].Number == 1 ? [.. key] : ["rowid"]),
    ];

    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>All rows, each with its key before its columns.</summary>
    public IReadOnlyList<Cell[]> Rows(Shell shell) =>
        shell.Rows($"SELECT {List(Key)}, {List(Columns)} FROM {Quoted} NOT INDEXED ORDER BY {List(Key)}");

    /// <summary>The term that finds a row, with its parameters numbered from a first one.</summary>
    public string Where(int first) => string.Join(" AND ", Key.Select((column, i) => $"{Term(column)} IS ?{first + i}"));

    /// <summary>
    /// The statement of a table that takes any value in any column: without types, which convert, and without NOT NULL. Keys stay,
    /// since their indexes are named by them.
    /// </summary>
    public string LenientSql =>
        System.Text.RegularExpressions.Regex.Replace(Sql, @" NOT NULL| (TEXT|BLOB|REAL)\b| INTEGER\b(?! PRIMARY KEY)", "");

    private static string List(IEnumerable<string> columns) => string.Join(", ", columns.Select(Term));

    private static string Term(string column) => column == "rowid" ? column : Quote(column);
}
