using System.Globalization;

namespace EventSourcing;

/// <summary>
/// Opens connections as this library needs them. Every pragma is read back: SQLite ignores what it does not know or cannot
/// do, and a store that silently ran with less durability than promised would be noticed too late.
/// </summary>
internal static class Opening
{
    // Only the library checkpoints (see WalCheckpoints), and it waits asynchronously by itself.
    private static readonly (string Pragma, long Value)[] Common =
    [
        ("busy_timeout", 0),
        ("synchronous", 2),
        ("fullfsync", 1), // macOS: a plain fsync leaves the data in the drive's cache
        ("checkpoint_fullfsync", 1),
        ("wal_autocheckpoint", 0),
        ("foreign_keys", 1),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
        ("recursive_triggers", 1),
        ("temp_store", 2),
        ("mmap_size", 0),
        ("cache_size", -16_384),
    ];

    private const long SecureDeleteFast = 2;

    /// <summary>Opens the writer's connection. A new file is made a store, and a store of an older version is upgraded.</summary>
    /// <param name="path">The file's path.</param>
    /// <param name="forAppSql">Whether the app's own SQL is to run on it.</param>
    /// <exception cref="SqliteFailure">It cannot be opened; if busy, another process is opening it too.</exception>
    /// <exception cref="EventSourcingException">This library cannot use it as a store.</exception>
    public static Database ForWriting(string path, bool forAppSql)
    {
        var database = forAppSql ? Connector.OpenForAppSql(path, create: true) : Connector.Open(path, create: true);
        try
        {
            database.Execute("PRAGMA busy_timeout = 0");
            var version = RecogniseAtOnce(database, path);
            if (database.ReadText("PRAGMA journal_mode = WAL") is var mode && mode != "wal")
                throw new IncompatibleStoreException(
                    path,
                    $"its journal mode is '{mode}' and cannot be made WAL here. "
                    + "Keep it on a local file system that supports shared memory.");

            Set(database, path, [.. Common, ("journal_size_limit", WalCheckpoints.LogLimit)]);
            OverwriteWhatIsFreed(database);
            if (database.Read("PRAGMA secure_delete") is var answer && answer != SecureDeleteFast)
                throw new IncompatibleStoreException(path, string.Create(
                    CultureInfo.InvariantCulture,
                    $"this SQLite took 'PRAGMA secure_delete = FAST' and answers {answer}. Use SQLite 3.23 or newer."));

            if (version == 0)
            {
                // Checked again under the lock: two processes may be making the same file.
                database.Execute("BEGIN IMMEDIATE");
                if (Schema.Recognise(database, path) == 0) Schema.Create(database);
                database.Execute("COMMIT");
            }
            else if (version < Schema.Version)
            {
                Upgrade.Run(database, path);
            }

            Schema.Verify(database, path);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens a connection that can only read; null if the file does not exist or is not yet a store of this version: the
    /// writer makes it one.
    /// </summary>
    /// <exception cref="SqliteFailure">It cannot be opened; if busy, another process is making or recovering it.</exception>
    /// <exception cref="EventSourcingException">This library cannot use it as a store.</exception>
    public static Database? ForReading(string path, bool forAppSql = false)
    {
        if (!File.Exists(path) && !Directory.Exists(path)) return null;
        var database = forAppSql ? Connector.OpenForAppSql(path, create: false) : Connector.Open(path, create: false);
        try
        {
            database.Execute("PRAGMA busy_timeout = 0");
            if (RecogniseAtOnce(database, path) == Schema.Version)
            {
                Set(database, path, [.. Common, ("query_only", 1)]);
                Schema.Verify(database, path);
                if (forAppSql) database.KeepFromWriting();
                return database;
            }

            database.Dispose();
            return null;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Sets up a connection to a store that was opened read-only.</summary>
    /// <exception cref="SqliteFailure">It cannot be read.</exception>
    /// <exception cref="EventSourcingException">This library cannot use it as a store, or its version is older.</exception>
    public static void ReadOnly(Database database, string path)
    {
        database.Execute("PRAGMA busy_timeout = 0");
        ThrowIfOlder(database, path, RecogniseAtOnce(database, path));
        Set(database, path, [.. Common, ("query_only", 1)]);
        Schema.Verify(database, path);
    }

    /// <summary>The same for an audit: nothing in the file is trusted, unless the whole file is of an older version.</summary>
    /// <exception cref="SqliteFailure">It cannot be read.</exception>
    /// <exception cref="IncompatibleStoreException">It is a store of an older version, or is empty.</exception>
    public static void ReadOnlyForAudit(Database database, string path)
    {
        Audit(database);
        int version;
        try
        {
            version = RecogniseAtOnce(database, path);
            if (version is > 0 and < Schema.Version && Upgrade.FlawIn(database) is not null) return;
        }
        catch (Exception flaw) when (flaw is EventSourcingException or SqliteFailure { IsDamage: true })
        {
            if (database.InTransaction) database.Execute("ROLLBACK");
            return; // the audit reports it
        }

        ThrowIfOlder(database, path, version);
    }

    private static void ThrowIfOlder(Database database, string path, int version)
    {
        if (version == 0)
        {
            throw new IncompatibleStoreException(
                path,
                "it is empty: nobody has made a store of it yet, and a store that is opened read-only is not made. Check the path.");
        }

        if (version == Schema.Version) return;
        if (Upgrade.FlawIn(database) is { } flaw) throw new StoreCorruptedException(path, flaw + ".");
        throw new IncompatibleStoreException(path, string.Create(
            CultureInfo.InvariantCulture,
            $"its schema has version {version}, this package reads version {Schema.Version}, and it was opened read-only, "
            + $"which upgrades nothing. ") +
            "Copy the file, then open it once without SqliteEventStorageOptions.ReadOnly: the first call upgrades it. " +
            "Or read it with the package that wrote it.")
        {
            CanBeUpgraded = true,
        };
    }

    /// <summary>
    /// Makes SQLite overwrite what is freed within pages, at a negligible cost. Otherwise pages would keep copies of cells
    /// that have moved, and a payload that is erased later would survive there. Whole freed pages are left as they are.
    /// </summary>
    /// <exception cref="SqliteFailure">This build of SQLite cannot.</exception>
    public static void OverwriteWhatIsFreed(Database database) => database.Execute("PRAGMA secure_delete = FAST");

    /// <summary>
    /// Opens a connection that can only read, whatever the file holds: nothing in the file is trusted. A statement fails if it reads a
    /// damaged part of the file.
    /// </summary>
    /// <exception cref="SqliteFailure">It cannot be opened.</exception>
    public static Database ForAudit(string path)
    {
        var database = Connector.Open(path, create: false);
        try
        {
            Audit(database);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private static void Audit(Database database)
    {
        database.CloseWithoutCheckpoint();

        // The first pragma lets SQLite go on with those parts of a schema that it understands, if it does not understand all of it.
        database.Execute(
            "PRAGMA writable_schema = 1; PRAGMA query_only = 1; PRAGMA busy_timeout = 0; PRAGMA wal_autocheckpoint = 0; "
            + "PRAGMA cell_size_check = 1; PRAGMA trusted_schema = 0; PRAGMA temp_store = 2; PRAGMA mmap_size = 0; "
            + "PRAGMA cache_size = -16384");
    }

    /// <summary>Read from one snapshot: read one by one, the facts of a file that is just being made contradict each other.</summary>
    private static int RecogniseAtOnce(Database database, string path)
    {
        database.Execute("BEGIN");
        var version = Schema.Recognise(database, path);
        database.Execute("COMMIT");
        return version;
    }

    private static void Set(Database database, string path, (string Pragma, long Value)[] pragmas)
    {
        foreach (var (pragma, value) in pragmas)
        {
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA {pragma} = {value}"));
            var actual = database.Read($"PRAGMA {pragma}");

            // A build without memory mapping does not answer at all, which is just as good.
            if (actual != value)
                throw new IncompatibleStoreException(path, string.Create(
                    CultureInfo.InvariantCulture,
                    $"this SQLite took 'PRAGMA {pragma} = {value}' and answers {actual}. Use a SQLite build that supports it."));
        }
    }
}
