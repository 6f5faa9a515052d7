using System.Data;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing;

/// <summary>
/// One connection of our own to the file, through the driver's own native layer: the ADO layer's transactions hide the
/// error that broke them, its lock waits block a thread, and its connections lock a mutex for every column read, which
/// was a sixth of reading a page. Not thread-safe, and SQLite is told so.
/// </summary>
internal sealed class Database : IDisposable
{
    private const int MaxWidePrefixes = 1_000;
    private const int MaxStatements = 128;
    private const int StatusCacheWrite = 9;
    private const int StatusDeferredForeignKeys = 10;
    private const int CheckpointPassive = 0;
    private const int CheckpointTruncate = 3;
    private const int MaxUnixPathBytes = 512;
    private const int ConfigNoCheckpointOnClose = 1006;
    private static readonly string[] BesideIt = [StoreFile.LogSuffix, StoreFile.IndexSuffix, StoreFile.JournalSuffix];
    private readonly sqlite3 _handle;
    private readonly SqliteConnection? _connection;
    private readonly HashSet<string> _widePrefixes = new(StringComparer.Ordinal);
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

    private Database(sqlite3 handle, SqliteConnection? connection = null)
    {
        _handle = handle;
        _connection = connection;
        raw.sqlite3_extended_result_codes(handle, 1);
    }

    /// <summary>The connection for SQL of the app's own, where it was opened for that.</summary>
    public SqliteConnection? Connection => _connection;

    /// <summary>The file that the connection was opened on, if that wants to hear of its end.</summary>
    public StoreFile? File { get; set; }

    /// <summary>The files as they were when the connection was opened read-only; null for all others.</summary>
    public ReadOnlyFiles? ReadOnlyFiles { get; set; }

    /// <summary>Counts the times at which those who only read were asked to open their connections anew.</summary>
    public int Generation { get; set; }

    /// <summary>Whether it reads the log through an index that it must leave as it is.</summary>
    public bool HasForeignIndex { get; set; }

    /// <summary>Whether somebody may have changed the file although SQLite was told that nobody would: what was read does not count.</summary>
    public bool IsOutdated => ReadOnlyFiles is { HaveChanged: true };

    /// <summary>The file's name as SQLite has it: absolute, with symbolic links resolved. The names of the files beside it begin with it.</summary>
    public string FileName => raw.sqlite3_db_filename(_handle, "main").utf8_to_string();

    /// <summary>Whether the connection is still the one that was opened; the app's own code may have closed it.</summary>
    public bool IsIntact => _connection is null || (_connection.State == ConnectionState.Open && ReferenceEquals(_connection.Handle, _handle));

    /// <summary>Whether a transaction is open; SQLite ends one by itself on some errors.</summary>
    public bool InTransaction => IsIntact && raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Whether rows of the transaction still lack the rows that deferred foreign keys name: it cannot be committed so.</summary>
    public bool LacksForeignRows => raw.sqlite3_db_status(_handle, StatusDeferredForeignKeys, out var count, out _, resetFlg: 0) == raw.SQLITE_OK && count != 0;

    /// <summary>Opens the file without changing anything in it.</summary>
    /// <exception cref="SqliteFailure">It cannot be opened.</exception>
    /// <exception cref="IncompatibleStoreException">The path, or that of a file beside it, leads to something else than a file.</exception>
    public static Database Open(string path, bool create) =>
        Open(path, path, raw.SQLITE_OPEN_READWRITE | (create ? raw.SQLITE_OPEN_CREATE : 0));

    /// <summary>Opens the file by a URI that says how it may be read.</summary>
    /// <exception cref="SqliteFailure">It cannot be opened.</exception>
    public static Database OpenReadOnly(string path, string uri) => Open(path, uri, raw.SQLITE_OPEN_READONLY | raw.SQLITE_OPEN_URI);

    private static Database Open(string path, string name, int mode)
    {
        ThrowIfNoFile(path);

        // One thread at a time uses a connection, so SQLite need not guard it against several.
        var code = raw.sqlite3_open_v2(name, out var handle, mode | raw.SQLITE_OPEN_NOMUTEX | raw.SQLITE_OPEN_PRIVATECACHE, null);
        if (code == raw.SQLITE_OK) return new Database(handle);

        // Also a connection that could not be opened has to be closed.
        var extendedCode = handle is { IsInvalid: false } ? raw.sqlite3_extended_errcode(handle) : code;
        handle?.Dispose();
        throw new SqliteFailure(extendedCode, ReasonWhyNot(path) ?? raw.sqlite3_errstr(code).utf8_to_string());
    }

    /// <summary>
    /// Opens the file through the driver, for the app's own SQL. SQLite guards such a connection against several threads:
    /// a command that the app has forgotten to dispose is finalized on a thread of its own.
    /// </summary>
    /// <exception cref="SqliteFailure">It cannot be opened.</exception>
    /// <exception cref="IncompatibleStoreException">The path, or that of a file beside it, leads to something else than a file.</exception>
    public static Database OpenForAppSql(string path, bool create) =>
        OpenForAppSql(path, path, create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite);

    /// <summary>As <see cref="OpenReadOnly"/>, through the driver.</summary>
    /// <exception cref="SqliteFailure">It cannot be opened.</exception>
    public static Database OpenReadOnlyForAppSql(string path, string uri) => OpenForAppSql(path, uri, SqliteOpenMode.ReadOnly);

    private static Database OpenForAppSql(string path, string name, SqliteOpenMode mode)
    {
        ThrowIfNoFile(path);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = name,
            Mode = mode,
            Cache = SqliteCacheMode.Private,
            Pooling = false, // a pooled connection would hand its pragmas, and its file descriptors, to strangers
        }.ToString());
        try
        {
            connection.Open();
            connection.Handle!.enable_sqlite3_next_stmt(true); // see EndStatements
            return new Database(connection.Handle!, connection);
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw new SqliteFailure(e.SqliteExtendedErrorCode, ReasonWhyNot(path) ?? raw.sqlite3_errstr(e.SqliteErrorCode).utf8_to_string());
        }
    }

    /// <summary>SQLite would wait for ever to open a pipe that has nobody at its other end.</summary>
    private static void ThrowIfNoFile(string path)
    {
        if (UnixFile.OtherThanFile(path) is { } what) throw new IncompatibleStoreException(path, $"it is {what}, not a file. Choose another path.");
        var name = TargetOf(path);
        foreach (var suffix in BesideIt)
        {
            if (UnixFile.OtherThanFile(name + suffix) is { } other)
                throw new IncompatibleStoreException(path, $"'{name + suffix}', which SQLite keeps beside it, is {other}, not a file. Move that away.");
        }
    }

    /// <summary>The file's own name if the path is a symbolic link to it: the names of the files beside it begin with that one.</summary>
    private static string TargetOf(string path)
    {
        try
        {
            return System.IO.File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no file yet, or the links lead nowhere: SQLite refuses what it cannot follow.
            return path;
        }
    }

    /// <summary>What SQLite does not tell: it knows only that it is "unable to open database file".</summary>
    private static string? ReasonWhyNot(string path)
    {
        string target;
        try
        {
            target = System.IO.File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (UnauthorizedAccessException e)
        {
            return $"this process may not enter a folder on the way to it ({e.Message})";
        }
        catch (IOException e)
        {
            // There is no such file, or a chain of symbolic links that does not end.
            target = path;
            if (new FileInfo(path).LinkTarget is { } link) return $"'{path}' is a symbolic link to '{link}', which cannot be followed ({e.Message})";
        }

        if (Path.GetDirectoryName(target) is { } folder && !Directory.Exists(folder)) return $"the folder '{folder}' does not exist; create it first";
        return OperatingSystem.IsWindows() || Encoding.UTF8.GetByteCount(target) < MaxUnixPathBytes
            ? null
            : $"the path has {Encoding.UTF8.GetByteCount(target)} bytes, and SQLite takes fewer than {MaxUnixPathBytes}";
    }

    public static SqliteFailure FailureOf(sqlite3 database, string sql) =>
        new(raw.sqlite3_extended_errcode(database), raw.sqlite3_errmsg(database).utf8_to_string(), sql);

    /// <summary>Prefixes of more streams and events than a query is answered by their index for. The set is bounded.</summary>
    public IReadOnlySet<string> WidePrefixes => _widePrefixes;

    /// <summary>Keeps that a prefix is such a one.</summary>
    public void RememberWidePrefix(string prefix)
    {
        if (_widePrefixes.Count >= MaxWidePrefixes) _widePrefixes.Clear();
        _widePrefixes.Add(prefix);
    }

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

    /// <summary>Numbers that change when somebody changes the schema: the file's, and that of what this connection alone sees.</summary>
    public (long File, long Temporary) SchemaVersions => (Prepare("PRAGMA main.schema_version").Scalar() ?? 0, Prepare("PRAGMA temp.schema_version").Scalar() ?? 0);

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

    /// <summary>
    /// Moves all of the write-ahead log into the database file and empties the log, holding the write lock meanwhile and
    /// waiting for nobody.
    /// </summary>
    /// <returns>Whether that was possible; if somebody else reads or writes, it was done in part or not at all.</returns>
    public bool TryEmptyLog() => raw.sqlite3_wal_checkpoint_v2(_handle, "main", CheckpointTruncate, out _, out _) switch
    {
        raw.SQLITE_OK => true,
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => false,
        _ => throw FailureOf(_handle, "checkpoint"),
    };

    /// <summary>Has the file stay as it is when this connection is closed, even where it is the last one.</summary>
    public void CloseWithoutCheckpoint() => raw.sqlite3_db_config(_handle, ConfigNoCheckpointOnClose, 1, out _);

    /// <summary>Has something called from time to time while statements run on the connection; they fail if it returns false.</summary>
    /// <param name="instructions">How many of SQLite's instructions are run in between.</param>
    /// <param name="goesOn">What is called, which must not throw; null for no longer.</param>
    public void WhileRunning(int instructions, Func<bool>? goesOn) =>
        raw.sqlite3_progress_handler(_handle, instructions, goesOn is null ? null : _ => goesOn() ? 0 : 1, null);

    /// <summary>Has the statement that runs on the connection fail. The one member that another thread may call.</summary>
    public void Interrupt() => raw.sqlite3_interrupt(_handle);

    /// <summary>
    /// Has every commit on this connection fail, and roll back, or no longer: while the app's own SQL runs in our
    /// transaction, it must not commit what others have written there.
    /// </summary>
    public void RefuseCommits(bool refuse) => raw.sqlite3_commit_hook(_handle, refuse ? static _ => 1 : null, null);

    /// <summary>Ends what the app's own code has left running on the connection. Only for moments when nothing of ours does.</summary>
    /// <returns>Whether anything was: a reader left open.</returns>
    public bool EndStatements()
    {
        if (_connection is null) return false;
        var found = false;
        for (var statement = raw.sqlite3_next_stmt(_handle, null); statement is not null; statement = raw.sqlite3_next_stmt(_handle, statement))
        {
            if (raw.sqlite3_stmt_busy(statement) == 0) continue;
            raw.sqlite3_reset(statement);
            found = true;
        }

        return found;
    }

    public void Dispose()
    {
        var file = File;
        File = null;
        file?.Closing(this);
        ForgetStatements();
        try
        {
            if (_connection is null) _handle.Dispose();
            else _connection.Dispose();
        }
        catch (SqliteException)
        {
            // After an I/O error the driver may fail to close what the error has closed already; the handle is gone either way.
        }

        file?.Closed(this);
    }

    /// <summary>A statement for one use.</summary>
    public Statement PrepareOnce(string sql)
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
