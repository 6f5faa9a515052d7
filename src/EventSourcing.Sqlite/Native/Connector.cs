using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing;

/// <summary>Opens connections to a file, without any setting: see <see cref="Opening"/> for those.</summary>
internal static class Connector
{
    private static readonly string[] BesideIt = [StoreFile.LogSuffix, StoreFile.IndexSuffix, StoreFile.JournalSuffix];

    /// <summary>
    /// Names the native library in code. Finding it by reflection, as the ADO layer does, would not survive trimming:
    /// publishing would leave the library out.
    /// </summary>
    static Connector()
    {
        try
        {
            SQLitePCL.Batteries_V2.Init();
        }
        catch (FileNotFoundException)
        {
            // The app has left the bundle out, so it must set a provider of its own before it opens a store.
        }
    }

    /// <summary>Opens the file without changing anything in it.</summary>
    /// <exception cref="SqliteFailure">It cannot be opened.</exception>
    /// <exception cref="IncompatibleStoreException">
    /// The path, or that of a file beside it, leads to something other than a file.
    /// </exception>
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

        // A connection that could not be opened must be closed, too.
        var extendedCode = handle is { IsInvalid: false } ? raw.sqlite3_extended_errcode(handle) : code;
        handle?.Dispose();
        throw new SqliteFailure(extendedCode, raw.sqlite3_errstr(code).utf8_to_string());
    }

    /// <summary>
    /// Opens the file through the driver, for the app's own SQL. SQLite guards such a connection against several threads: a
    /// command that the app has forgotten to dispose is finalized on another thread.
    /// </summary>
    /// <exception cref="SqliteFailure">It cannot be opened.</exception>
    /// <exception cref="IncompatibleStoreException">
    /// The path, or that of a file beside it, leads to something other than a file.
    /// </exception>
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
            Pooling = false, // a pooled connection would hand its pragmas and file descriptors to later, unrelated users
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
            throw new SqliteFailure(e.SqliteExtendedErrorCode, raw.sqlite3_errstr(e.SqliteErrorCode).utf8_to_string());
        }
    }

    /// <summary>SQLite would wait for ever to open a pipe that has no process at its other end.</summary>
    private static void ThrowIfNoFile(string path)
    {
        if (StorePath.IsTooLong(path, out _)) throw new SqliteFailure(raw.SQLITE_CANTOPEN, "the name is too long"); // nothing is made
        if (UnixFile.OtherThanFile(path) is { } what)
            throw new IncompatibleStoreException(path, $"it is {what}, not a file. Choose another path.");
        var name = StorePath.TargetOf(path);
        foreach (var suffix in BesideIt)
        {
            if (UnixFile.OtherThanFile(name + suffix) is { } other)
                throw new IncompatibleStoreException(
                    path, $"'{name + suffix}', which SQLite keeps beside it, is {other}, not a file. Move that away.");
            if (new FileInfo(name + suffix).LinkTarget is { } target)
                throw new IncompatibleStoreException(
                    path,
                    $"'{name + suffix}', which SQLite keeps beside it, is a symbolic link to '{target}', and SQLite follows no link there. "
                    + "If that file belongs to the store, put it in the place of the link; if not, remove the link.");
        }
    }
}
