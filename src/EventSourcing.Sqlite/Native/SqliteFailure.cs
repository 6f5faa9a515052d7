using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing;

/// <summary>A result code of SQLite that is not success, on its way to the typed error that callers get.</summary>
internal sealed class SqliteFailure(int extendedCode, string message, string? sql = null) : Exception(message)
{
    private const int SqliteConstraintUnique = 2067;
    private const int SqliteConstraintPrimaryKey = 1555;
    private const int IoErrorShortRead = raw.SQLITE_IOERR | (2 << 8);
    private const int IoErrorData = raw.SQLITE_IOERR | (32 << 8);
    private const int IoErrorCorruptFileSystem = raw.SQLITE_IOERR | (33 << 8);

    public int Code => ExtendedCode & 0xFF;

    public int ExtendedCode { get; } = extendedCode;

    /// <summary>
    /// Whether somebody else is in the way. SQLite calls it a failed protocol when it has tried for ten seconds to read
    /// the shared header that another process was stopped while writing.
    /// </summary>
    public bool IsBusy => Code is raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_PROTOCOL;

    /// <summary>Whether the medium or the file failed rather than one statement: the connection is not to be trusted.</summary>
    public bool IsOfDatabase => IsOfDatabaseCode(Code);

    public static bool IsOfDatabaseCode(int code) => code is raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_NOMEM or raw.SQLITE_CORRUPT
        or raw.SQLITE_NOTADB or raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY or raw.SQLITE_INTERRUPT or raw.SQLITE_BUSY or raw.SQLITE_LOCKED;

    /// <summary>Whether it is what the file holds that is wrong, and not a lock, the medium, or a caller who no longer waits.</summary>
    public bool IsDamage => !IsBusy && Code is not (raw.SQLITE_NOMEM or raw.SQLITE_FULL or raw.SQLITE_INTERRUPT or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_IOERR)
        || ExtendedCode is IoErrorShortRead or IoErrorData or IoErrorCorruptFileSystem;

    /// <summary>What SQLite says of it.</summary>
    public string Sentence => $"SQLite says '{Message}'.";

    public bool IsDuplicate => ExtendedCode is SqliteConstraintUnique or SqliteConstraintPrimaryKey;

    /// <summary>The same failure as the driver would have raised it: what callers see as the inner exception.</summary>
    private SqliteException AsDriverError =>
        new(string.Create(CultureInfo.InvariantCulture, $"SQLite Error {Code} (extended {ExtendedCode}): '{Message}'{(sql is null ? "" : $" in: {sql}")}."), Code, ExtendedCode);

    /// <summary>The typed error for callers.</summary>
    /// <param name="path">The store's file.</param>
    /// <param name="whileCommitting">Whether the commit itself failed, so that its outcome is unknown.</param>
    public EventSourcingException ToTyped(string path, bool whileCommitting) => Code switch
    {
        raw.SQLITE_CORRUPT => new StoreCorruptedException(path, $"SQLite says '{Message}'.", AsDriverError),
        raw.SQLITE_NOTADB => new StoreCorruptedException(path, "it no longer is a SQLite database.", AsDriverError),
        raw.SQLITE_CONSTRAINT => new StoreCorruptedException(path, $"a write that the store's own records allowed broke a rule of its schema ('{Message}').", AsDriverError),
        _ => new StorageFailedException(path, whileCommitting, AsDriverError),
    };
}
