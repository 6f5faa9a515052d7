namespace EventSourcing;

/// <summary>
/// Opens the connections of one storage to its file, each of them to the file that was opened first (see <see cref="FilePlace"/>).
/// Thread-safe.
/// </summary>
internal sealed class StoreFile : IDisposable
{
    /// <summary>What SQLite appends to the file's name for the write-ahead log.</summary>
    public const string LogSuffix = "-wal";

    /// <summary>What SQLite appends to the file's name for the index of that log, in shared memory.</summary>
    public const string IndexSuffix = "-shm";

    /// <summary>
    /// What SQLite appends to the file's name for the journal of a database that is not in WAL mode; it looks for a journal
    /// in any case.
    /// </summary>
    public const string JournalSuffix = "-journal";

    /// <summary>How long a log may exist without its index before that is an error for read-only storages.</summary>
    private const int MillisecondsOfPatience = 500;

    private readonly bool _isReadOnly;
    private int _generation;
    private long _hinderedSince = long.MaxValue;

    public StoreFile(string path, bool isReadOnly)
    {
        _isReadOnly = isReadOnly;
        Place = new FilePlace(path, isReadOnly, Release);
    }

    /// <summary>Where the file is.</summary>
    public FilePlace Place { get; }

    /// <summary>The path that the app gave, made absolute.</summary>
    public string Path => Place.Path;

    /// <summary>As <see cref="Opening.ForWriting"/>, on the file that was opened first.</summary>
    public Database OpenForWriting(bool forAppSql, bool isTemporary)
    {
        Place.BeforeOpening();
        var database = AfterOpening(Opening.ForWriting(Path, forAppSql));
        if (isTemporary) database.Execute("PRAGMA synchronous = OFF");
        return database;
    }

    /// <summary>
    /// Raised when connections that are not in use should be closed: a storage of this process that may write was opened or
    /// closed.
    /// </summary>
    public event Action? IsToRelease;

    /// <summary>Whether a connection may be used (again).</summary>
    public bool IsCurrent(Database database) =>
        !_isReadOnly || (database.Generation == Volatile.Read(ref _generation) && !database.IsOutdated);

    /// <summary>As <see cref="Opening.ForReading"/>, on the file that was opened first; read-only if the storage is.</summary>
    public Database? OpenForReading(bool forAppSql = false)
    {
        if (_isReadOnly) return OpenReadOnly(forAppSql, Opening.ReadOnly);
        Place.BeforeOpening();
        return Opening.ForReading(Path, forAppSql) is { } database ? AfterOpening(database) : null;
    }

    /// <summary>As <see cref="Opening.ForAudit"/>; read-only if the storage is.</summary>
    public Database OpenForAudit() => _isReadOnly ? OpenReadOnly(forAppSql: false, Opening.ReadOnlyForAudit) : Opening.ForAudit(Path);

    /// <summary>Opens the file without setting anything up: if SQLite refuses even that, no process can open it.</summary>
    public Database OpenPlainly() =>
        _isReadOnly ? OpenReadOnly(forAppSql: false, static (_, _) => { }) : Connector.Open(Path, create: false);

    /// <summary>The failure of a read that does not count because the file was changed meanwhile: the read is tried again.</summary>
    public static SqliteFailure Outdated() => new(SQLitePCL.raw.SQLITE_BUSY, "the store was opened for writing while it was read");

    /// <summary>Called by a connection before it is closed.</summary>
    public void Closing(Database database)
    {
        // The last connection to close moves the log into the file and deletes the log by its name: by now both files may
        // belong to another store.
        if (Place.Moved() is not null) database.CloseWithoutCheckpoint();
        Place.Closing(database);
    }

    /// <summary>Called by a connection after it was closed.</summary>
    public void Closed(Database database)
    {
        if (!database.HasForeignIndex) return;
        database.HasForeignIndex = false;
        Place.KnownShared?.LeaveForeignIndex();
    }

    public void Dispose() => Place.Dispose();

    private Database OpenReadOnly(bool forAppSql, Action<Database, string> setUp)
    {
        Place.BeforeOpening();
        if (ReadOnlyFiles.Look(Path) is not { } files) throw NotAtTheMoment();
        Volatile.Write(ref _hinderedSince, long.MaxValue);
        var generation = Volatile.Read(ref _generation);
        var shared = Place.KnownShared;
        var hasForeignIndex = !files.IsStill && shared is not null && shared.TryEnterForeignIndex();
        Database? database = null;
        try
        {
            var uri = files.Uri(Path, sharesIndex: !hasForeignIndex);
            database = forAppSql ? Connector.OpenReadOnlyForAppSql(Path, uri) : Connector.OpenReadOnly(Path, uri);
            database.ReadOnlyFiles = files;
            database.Generation = generation;
            database.HasForeignIndex = hasForeignIndex;
            database.CloseWithoutCheckpoint();
            setUp(database, Path);
            return AfterOpening(database);
        }
        catch (Exception failure)
        {
            database?.Dispose();
            if (hasForeignIndex && database is not { HasForeignIndex: false }) shared!.LeaveForeignIndex();
            if (failure is SqliteFailure or EventSourcingException && HaveChanged(files)) throw Outdated();
            throw;
        }
    }

    private bool HaveChanged(ReadOnlyFiles files) => files.HaveChanged || ReadOnlyFiles.Look(Path)?.IsStill != files.IsStill;

    /// <summary>
    /// A log without its index usually means that a process is just opening or closing the store, so it is given a moment.
    /// </summary>
    private Exception NotAtTheMoment()
    {
        var now = Environment.TickCount64;
        Interlocked.CompareExchange(ref _hinderedSince, now, long.MaxValue);
        return now - Volatile.Read(ref _hinderedSince) > MillisecondsOfPatience && ReadOnlyFiles.Hindrance(Path) is { } hindrance
            ? new IncompatibleStoreException(Path, $"it was opened read-only, and {hindrance}") { CanBeRecovered = true }
            : new SqliteFailure(SQLitePCL.raw.SQLITE_BUSY, "the store is just being opened or closed by another process");
    }

    private Database AfterOpening(Database database)
    {
        try
        {
            Place.AfterOpening(database);
            database.File = this;
            Place.ThrowIfMoved();
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private void Release()
    {
        Interlocked.Increment(ref _generation);
        IsToRelease?.Invoke();
    }
}
