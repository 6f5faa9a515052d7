using SQLitePCL;

namespace EventSourcing;

/// <summary>What a result code of SQLite is due to; decides what callers are told.</summary>
internal enum SqliteFault
{
    /// <summary>Another connection is in the way: the operation is tried again.</summary>
    Busy = 1,

    /// <summary>What the file holds is wrong.</summary>
    Damage,

    /// <summary>The disk, the file system or the memory failed.</summary>
    Medium,

    /// <summary>The process may not read or write the file, its folder or the files beside it.</summary>
    Access,

    /// <summary>A value or a statement is larger than this build of SQLite accepts.</summary>
    Limit,

    /// <summary>The caller no longer waits.</summary>
    Interrupted,

    /// <summary>The library or SQLite itself has done something that it must not. The file is not the cause.</summary>
    Misuse,
}

/// <summary>The one table of SQLite's result codes (sqlite.org/rescode.html).</summary>
internal static class SqliteFaults
{
    /// <summary>What a code is due to. An extended code that is not listed is treated like its primary code.</summary>
    /// <param name="extendedCode">The extended result code of an error.</param>
    public static SqliteFault Of(int extendedCode) => extendedCode switch
    {
        // The file ends within a page, a page has another checksum, or the file system says that the file is damaged.
        raw.SQLITE_IOERR | (2 << 8) or raw.SQLITE_IOERR | (32 << 8) or raw.SQLITE_IOERR | (33 << 8) => SqliteFault.Damage,
        _ => OfPrimary(extendedCode & 0xFF),
    };

    private static SqliteFault OfPrimary(int code) => code switch
    {
        // SQLite calls it a failed protocol when it has tried for ten seconds to read the shared header, because another
        // process was stopped while writing it.
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_PROTOCOL or raw.SQLITE_SCHEMA => SqliteFault.Busy,

        // All statements are the library's own: if one is wrong (ERROR), breaks a rule (CONSTRAINT) or meets a value of
        // another type (MISMATCH), then the schema or its content is not what the library has made.
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_ERROR or raw.SQLITE_CONSTRAINT or raw.SQLITE_MISMATCH or raw.SQLITE_EMPTY
        or raw.SQLITE_FORMAT => SqliteFault.Damage,
        raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_NOMEM or raw.SQLITE_NOLFS => SqliteFault.Medium,
        raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_AUTH => SqliteFault.Access,
        raw.SQLITE_TOOBIG => SqliteFault.Limit,
        raw.SQLITE_INTERRUPT or raw.SQLITE_ABORT => SqliteFault.Interrupted,
        _ => SqliteFault.Misuse,
    };
}
