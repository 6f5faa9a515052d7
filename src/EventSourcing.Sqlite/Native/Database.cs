using SQLitePCL;

namespace EventSourcing;

/// <summary>
/// One connection of our own to the file, through the driver's own native layer: the ADO layer's transactions hide the
/// error that broke them, its lock waits block a thread, and its connections lock a mutex for every column read, which
/// was a sixth of reading a page. Not thread-safe, and SQLite is told so.
/// </summary>
internal sealed class Database : IDisposable
{
    private const int MaxStatements = 128;
    private const int StatusCacheWrite = 9;
    private const int CheckpointPassive = 0;
    private readonly sqlite3 _handle;
    private readonly Dictionary<string, Statement> _statements = new(StringComparer.Ordinal);

    /// <summary>
    /// Names the native library in code. Found by reflection, as by the ADO layer, it would not survive trimming: publishing
    /// would leave the library out.
    /// </summary>
    static Database()
    {
        try
        {
            SQLitePCL.Batteries_V2.Init();
        }
        catch (FileNotFoundException)
        {
            // The app has left the bundle out, so it sets a provider of its own before it opens a store.
        }
    }

    private Database(sqlite3 handle) => _handle = handle;

    /// <summary>Whether a transaction is open; SQLite ends one by itself on some errors.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Opens the file without changing anything in it.</summary>
    /// <exception cref="SqliteFailure">It cannot be opened.</exception>
    public static Database Open(string path, bool create)
    {
        // One thread at a time uses a connection, so SQLite need not guard it against several.
        var flags = raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX | raw.SQLITE_OPEN_PRIVATECACHE | (create ? raw.SQLITE_OPEN_CREATE : 0);
        var code = raw.sqlite3_open_v2(path, out var handle, flags, null);
        if (code == raw.SQLITE_OK)
        {
            raw.sqlite3_extended_result_codes(handle, 1);
            return new Database(handle);
        }

        // Also a connection that could not be opened has to be closed.
        var extendedCode = handle is { IsInvalid: false } ? raw.sqlite3_extended_errcode(handle) : code;
        handle?.Dispose();
        throw new SqliteFailure(extendedCode, ReasonWhyNot(path) ?? raw.sqlite3_errstr(code).utf8_to_string());
    }

    /// <summary>What SQLite does not tell: it knows only that it is "unable to open database file".</summary>
    private static string? ReasonWhyNot(string path) =>
        Directory.Exists(path) ? $"'{path}' is a folder, not a file"
        : Path.GetDirectoryName(path) is { } folder && !Directory.Exists(folder) ? $"the folder '{folder}' does not exist; create it first"
        : null;

    public static SqliteFailure FailureOf(sqlite3 database, string sql) =>
        new(raw.sqlite3_extended_errcode(database), raw.sqlite3_errmsg(database).utf8_to_string(), sql);

    /// <summary>The statement for this text, prepared once per connection.</summary>
    public Statement Prepare(string sql)
    {
        if (_statements.TryGetValue(sql, out var known)) return known;
        var statement = PrepareOnce(sql);
        _statements.Add(sql, statement);
        return statement;
    }

    /// <summary>
    /// Frees the statements where queries of ever new shapes have made many. Only for moments when nobody holds one:
    /// it is not for <see cref="Prepare"/> to decide that another's statement is no longer needed.
    /// </summary>
    public void TrimStatements()
    {
        if (_statements.Count > MaxStatements) ForgetStatements();
    }

    /// <summary>Runs statements that return nothing of interest, once.</summary>
    public void Execute(string sql)
    {
        if (raw.sqlite3_exec(_handle, sql) != raw.SQLITE_OK) throw FailureOf(_handle, sql);
    }

    /// <summary>The single number that a statement returns.</summary>
    public long Read(string sql)
    {
        using var statement = PrepareOnce(sql);
        return statement.Scalar() ?? 0;
    }

    /// <summary>The single text that a statement returns.</summary>
    public string ReadText(string sql)
    {
        using var statement = PrepareOnce(sql);
        var text = statement.Step() ? statement.Text(0) : "";
        statement.Reset();
        return text;
    }

    /// <summary>A statement for one use, with its first parameter bound.</summary>
    public Statement PrepareOnceFor(string sql, string parameter) => PrepareOnce(sql).Bind(1, parameter);

    /// <summary>Pages written to the log by this connection since the last call.</summary>
    public int TakePagesWritten()
    {
        _ = raw.sqlite3_db_status(_handle, StatusCacheWrite, out var pages, out _, resetFlg: 1);
        return pages;
    }

    /// <summary>Moves what it can from the write-ahead log into the database file, waiting for nobody.</summary>
    /// <returns>Whether all of the log was moved, so that the next write begins it anew.</returns>
    public bool CheckpointPassively()
    {
        var code = raw.sqlite3_wal_checkpoint_v2(_handle, "main", CheckpointPassive, out var pages, out var moved);
        return code switch
        {
            raw.SQLITE_OK => moved >= pages,
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => false,
            _ => throw FailureOf(_handle, "checkpoint"),
        };
    }

    public void Dispose()
    {
        ForgetStatements();
        _handle.Dispose();
    }

    private Statement PrepareOnce(string sql)
    {
        if (raw.sqlite3_prepare_v2(_handle, sql, out var statement) != raw.SQLITE_OK) throw FailureOf(_handle, sql);
        return new Statement(_handle, statement, sql);
    }

    private void ForgetStatements()
    {
        foreach (var statement in _statements.Values) statement.Dispose();
        _statements.Clear();
    }
}
