using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing;

/// <summary>A result code of SQLite other than success, before it becomes the typed error that callers get.</summary>
internal sealed class SqliteFailure(int extendedCode, string message, string? sql = null) : Exception(message)
{
    /// <summary>What to do about a full disk.</summary>
    public const string FullDisk = "No space is left for the file or the log beside it. Free some: the store goes on by itself then.";

    /// <summary>Why rights to write matter.</summary>
    public const string NeedsWriting =
        "Even to be read, a store needs the right to write its file, its folder and the files beside it, unless it is opened read-only "
        + "(SqliteEventStorageOptions.ReadOnly).";

    private const int SqliteConstraintUnique = 2067;
    private const int SqliteConstraintPrimaryKey = 1555;

    // A connection that only reads waits until a writer has repaired the index of the log, or has moved a mark in it.
    private const int ReadOnlyRecovery = raw.SQLITE_READONLY | (1 << 8);
    private const int ReadOnlyCannotInitialize = raw.SQLITE_READONLY | (5 << 8);

    public int Code => ExtendedCode & 0xFF;

    public int ExtendedCode { get; } = extendedCode;

    /// <summary>What the failure is due to.</summary>
    public SqliteFault Fault => SqliteFaults.Of(ExtendedCode);

    /// <summary>Whether another connection is in the way.</summary>
    public bool IsBusy => Fault == SqliteFault.Busy || ExtendedCode is ReadOnlyRecovery or ReadOnlyCannotInitialize;

    /// <summary>Whether the medium or the file failed rather than one statement: then the connection cannot be trusted.</summary>
    public bool IsOfDatabase => IsOfDatabaseCode(Code);

    public static bool IsOfDatabaseCode(int code) => code is raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_NOMEM or raw.SQLITE_CORRUPT
        or raw.SQLITE_NOTADB or raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY or raw.SQLITE_INTERRUPT or raw.SQLITE_BUSY or raw.SQLITE_LOCKED;

    /// <summary>
    /// Whether the failure is due to what the file holds, as an audit sees it. This includes a value whose stated size is
    /// more than SQLite accepts, which the library never writes.
    /// </summary>
    public bool IsDamage => Fault is SqliteFault.Damage or SqliteFault.Limit;

    /// <summary>The failure in SQLite's words.</summary>
    public string Sentence => $"SQLite says '{Message}'.";

    public bool IsDuplicate => ExtendedCode is SqliteConstraintUnique or SqliteConstraintPrimaryKey;

    /// <summary>The same failure as the driver would have raised it: what callers see as the inner exception.</summary>
    public SqliteException AsDriverError => DriverError(Remedy);

    private string Remedy => Fault switch
    {
        SqliteFault.Medium when Code == raw.SQLITE_FULL =>
            $" {FullDisk}",
        SqliteFault.Access => $" The file, its folder or a file beside it could not be opened or written. {NeedsWriting}",
        SqliteFault.Limit => " A value is larger than this build of SQLite takes. Use a build with a higher SQLITE_MAX_LENGTH.",
        SqliteFault.Damage when IsOfAddition =>
            " The disk is not to blame: something that was added to the store's tables, such as a trigger or an index, "
            + "refuses this statement. Remove it.",
        SqliteFault.Misuse => " The file is not to blame. Report this as a fault of the library.",
        _ => "",
    };

    /// <summary>The typed error for callers.</summary>
    /// <param name="path">The store's file.</param>
    /// <param name="whileCommitting">Whether the commit itself failed, so that its outcome is unknown.</param>
    public EventSourcingException ToTyped(string path, bool whileCommitting) => Fault switch
    {
        SqliteFault.Damage when !IsOfAddition => new StoreCorruptedException(path, Finding, AsDriverError),
        _ => new StorageFailedException(path, whileCommitting, DriverError(FlawOf(path) ?? Remedy))
        {
            IsTransient = Fault is not (SqliteFault.Damage or SqliteFault.Limit or SqliteFault.Misuse),
        },
    };

    private string? FlawOf(string path)
    {
        var flaw = Code == raw.SQLITE_CANTOPEN ? StorePath.FlawOf(path) : null;
        if (flaw is null && (Fault == SqliteFault.Access || Code == raw.SQLITE_IOERR))
            flaw = FileHindrance.Of(path, isOfRights: Fault == SqliteFault.Access);
        return flaw is null ? null : $" {flaw}";
    }

    private SqliteException DriverError(string remedy)
    {
        // A setting of the connection is no statement that anybody can change.
        var statement = sql is null || sql.StartsWith("PRAGMA", StringComparison.Ordinal) ? "" : $" in: {sql}";
        var text = string.Create(
            CultureInfo.InvariantCulture, $"SQLite Error {Code} (extended {ExtendedCode}): '{Message}'{statement}.{remedy}");
        return new SqliteException(text, Code, ExtendedCode);
    }

    /// <summary>
    /// Whether a statement fails although no table, column or index is missing. The cause may be something that was added to
    /// the store's tables, such as an index over an expression: it refuses only that write.
    /// </summary>
    private bool IsOfAddition => Code == raw.SQLITE_ERROR
        && !Message.StartsWith("no such ", StringComparison.Ordinal)
        && !Message.StartsWith("malformed database schema", StringComparison.Ordinal);

    private string Finding => Code switch
    {
        raw.SQLITE_NOTADB => "it no longer is a SQLite database.",
        raw.SQLITE_CONSTRAINT => $"a write that the store's own records allowed broke a rule of its schema ('{Message}').",
        _ => Sentence,
    };
}
