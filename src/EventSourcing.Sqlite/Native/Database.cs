using System.Data;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing;

/// <summary>
/// One connection of our own to the file, through the driver's own native layer. The ADO layer is not used because its
/// transactions hide the error that broke them, its waits for locks block a thread, and its connections lock a mutex for
/// every column read, which was a sixth of the time to read a page. Not thread-safe, and SQLite is told so.
/// </summary>
internal sealed class Database : IDisposable
{
    private const int MaxWidePrefixes = 1_000;
    private const int MaxStatements = 128;
    private const int StatusCacheWrite = 9;
    private const int StatusDeferredForeignKeys = 10;
    private const int CheckpointPassive = 0;
    private const int CheckpointTruncate = 3;
    private const int ConfigNoCheckpointOnClose = 1006;
    private readonly sqlite3 _handle;
    private readonly SqliteConnection? _connection;
    private readonly HashSet<string> _widePrefixes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Statement> _statements = new(StringComparer.Ordinal);

    /// <param name="handle">The open handle.</param>
    /// <param name="connection">The driver's connection that has it, if the app's own SQL is to run there.</param>
    public Database(sqlite3 handle, SqliteConnection? connection = null)
    {
        _handle = handle;
        _connection = connection;
        raw.sqlite3_extended_result_codes(handle, 1);
    }

    /// <summary>The connection for the app's own SQL, if it was opened for that.</summary>
    public SqliteConnection? Connection => _connection;

    /// <summary>The file that the connection was opened on, if that file must be told when the connection is closed.</summary>
    public StoreFile? File { get; set; }

    /// <summary>The files as they were when the connection was opened read-only; null for all others.</summary>
    public ReadOnlyFiles? ReadOnlyFiles { get; set; }

    /// <summary>Counts how often readers were asked to reopen their connections.</summary>
    public int Generation { get; set; }

    /// <summary>Whether it reads the log through an index that it must not change.</summary>
    public bool HasForeignIndex { get; set; }

    /// <summary>
    /// Whether another process may have changed the file although SQLite was told that none would: then what was read does
    /// not count.
    /// </summary>
    public bool IsOutdated => ReadOnlyFiles is { HaveChanged: true };

    /// <summary>
    /// The file's name as SQLite has it: absolute, with symbolic links resolved. The names of the files beside it begin with
    /// this name.
    /// </summary>
    public string FileName => raw.sqlite3_db_filename(_handle, "main").utf8_to_string();

    /// <summary>Whether the connection is still the one that was opened; the app's own code may have closed it.</summary>
    public bool IsIntact =>
        _connection is null || (_connection.State == ConnectionState.Open && ReferenceEquals(_connection.Handle, _handle));

    /// <summary>Whether a transaction is open; SQLite ends one by itself on some errors.</summary>
    public bool InTransaction => IsIntact && raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>
    /// Whether rows of the transaction still lack the rows that deferred foreign keys name: in that state it cannot be
    /// committed.
    /// </summary>
    public bool LacksForeignRows =>
        raw.sqlite3_db_status(_handle, StatusDeferredForeignKeys, out var count, out _, resetFlg: 0) == raw.SQLITE_OK && count != 0;

    public static SqliteFailure FailureOf(sqlite3 database, string sql) =>
        new(raw.sqlite3_extended_errcode(database), raw.sqlite3_errmsg(database).utf8_to_string(), sql);

    /// <summary>Prefixes that match too many streams and events for a query to use their index. The set is bounded.</summary>
    public IReadOnlySet<string> WidePrefixes => _widePrefixes;

    /// <summary>Remembers that a prefix is wide.</summary>
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
    /// Frees the statements if queries of ever new shapes have made many of them. Call it only while no statement is in use:
    /// <see cref="Prepare"/> cannot know whether a statement of another caller is still needed.
    /// </summary>
    public void TrimStatements()
    {
        if (_statements.Count > MaxStatements) ForgetStatements();
    }

    /// <summary>Rolls back the transaction, if one is open.</summary>
    public void Rollback()
    {
        if (InTransaction) Prepare("ROLLBACK").Run();
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

    /// <summary>
    /// Numbers that change whenever the schema is changed: the version of the file's schema, and that of what only this
    /// connection sees.
    /// </summary>
    public (long File, long Temporary) SchemaVersions =>
        (Prepare("PRAGMA main.schema_version").Scalar() ?? 0, Prepare("PRAGMA temp.schema_version").Scalar() ?? 0);

    /// <summary>
    /// Refuses the statement by which SQL of the app could write after all, for good. It is asked when a statement is compiled, and costs
    /// nothing later.
    /// </summary>
    public void KeepFromWriting() =>
        _ = raw.sqlite3_set_authorizer(
            _handle,
            static (_, action, name, value, _, _) =>
                action == raw.SQLITE_PRAGMA && value is not null && string.Equals(name, "query_only", StringComparison.OrdinalIgnoreCase)
                    ? raw.SQLITE_DENY
                    : raw.SQLITE_OK,
            null);

    /// <summary>Pages that this connection has written to the log since the last call.</summary>
    public int TakePagesWritten()
    {
        _ = raw.sqlite3_db_status(_handle, StatusCacheWrite, out var pages, out _, resetFlg: 1);
        return pages;
    }

    /// <summary>Moves what it can from the write-ahead log into the database file, without waiting.</summary>
    /// <returns>Whether all of the log was moved, so that the next write begins the log anew.</returns>
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
    /// Moves all of the write-ahead log into the database file and empties the log. It holds the write lock meanwhile and
    /// does not wait.
    /// </summary>
    /// <returns>Whether that was possible; if another connection reads or writes, it was done in part or not at all.</returns>
    public bool TryEmptyLog() => raw.sqlite3_wal_checkpoint_v2(_handle, "main", CheckpointTruncate, out _, out _) switch
    {
        raw.SQLITE_OK => true,
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => false,
        _ => throw FailureOf(_handle, "checkpoint"),
    };

    /// <summary>Leaves the file unchanged when this connection is closed, even if it is the last one.</summary>
    public void CloseWithoutCheckpoint()
    {
        if (!_handle.IsClosed) raw.sqlite3_db_config(_handle, ConfigNoCheckpointOnClose, 1, out _);
    }

    /// <summary>
    /// Lets a function be called from time to time while statements run on the connection; they fail if it returns false.
    /// </summary>
    /// <param name="instructions">How many SQLite instructions run between two calls.</param>
    /// <param name="goesOn">The function, which must not throw; null to stop the calls.</param>
    public void WhileRunning(int instructions, Func<bool>? goesOn) =>
        raw.sqlite3_progress_handler(_handle, instructions, goesOn is null ? null : _ => goesOn() ? 0 : 1, null);

    /// <summary>Lets the statement that is running on the connection fail. This is the only member that another thread may call.</summary>
    public void Interrupt() => raw.sqlite3_interrupt(_handle);

    /// <summary>
    /// Lets every commit on this connection fail and roll back, or stops doing so: while the app's own SQL runs in our
    /// transaction, it must not commit what other callers have written there.
    /// </summary>
    public void RefuseCommits(bool refuse) => raw.sqlite3_commit_hook(_handle, refuse ? static _ => 1 : null, null);

    /// <summary>
    /// Ends what the app's own code has left running on the connection. Call it only while no statement of ours is running.
    /// </summary>
    /// <returns>Whether anything was running: a reader left open.</returns>
    public bool EndStatements()
    {
        if (_connection is null) return false;
        var found = false;
        for (var statement = raw.sqlite3_next_stmt(_handle, null);
            statement is not null;
            statement = raw.sqlite3_next_stmt(_handle, statement))
        {
            if (raw.sqlite3_stmt_busy(statement) == 0) continue;
            raw.sqlite3_reset(statement);
            found = true;
        }

        return found;
    }

    /// <summary>
    /// Closes a connection whose storage was never disposed. The native handle would close itself, but it does not check
    /// first whether its files are still its own: it could delete the log of a store that was made in their place.
    /// </summary>
    ~Database() => Close(isFinalizing: true);

    public void Dispose()
    {
        Close(isFinalizing: false);
        GC.SuppressFinalize(this);
    }

    private void Close(bool isFinalizing)
    {
        var file = File;
        File = null;
        file?.Closing(this);
        ForgetStatements();
        try
        {
            // The driver's connection may have been finalized already; the native handle is finalized after this object.
            if (_connection is null || isFinalizing) _handle.Dispose();
            else _connection.Dispose();
        }
        catch (SqliteException)
        {
            // After an I/O error the driver may fail to close what the error has already closed; the handle is gone either way.
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
