using System.Globalization;

namespace EventSourcing;

/// <summary>
/// The file of one storage. It opens the connections, and detects whether the file or one of those beside it was deleted,
/// moved or replaced since. SQLite does not check that: it would continue with the files that it has open, which no other
/// process will ever read. Thread-safe.
/// </summary>
internal sealed class StoreFile : IDisposable
{
    /// <summary>What SQLite appends to the file's name for the write-ahead log.</summary>
    public const string LogSuffix = "-wal";

    /// <summary>How long a log may exist without its index before that is an error for read-only storages.</summary>
    private const int MillisecondsOfPatience = 500;

    /// <summary>What SQLite appends to the file's name for the index of that log, in shared memory.</summary>
    public const string IndexSuffix = "-shm";

    /// <summary>
    /// What SQLite appends to the file's name for the journal of a database that is not in WAL mode; it looks for a journal
    /// in any case.
    /// </summary>
    public const string JournalSuffix = "-journal";

    private readonly byte[] _encodedPath;
    private readonly Lock _lock = new();
    private volatile SharedFile? _shared;
    private FileIdentity? _identity;
    private volatile bool _wasOpened;
    private bool _isDisposed;
    private string? _fileName;
    private long _inPlaceAt = long.MinValue;
    private readonly bool _isReadOnly;
    private SharedFile? _writesIn;
    private int _generation;
    private long _hinderedSince = long.MaxValue;

    public StoreFile(string path, bool isReadOnly)
    {
        Path = path;
        _isReadOnly = isReadOnly;
        _encodedPath = UnixFile.Encode(path);
    }

    /// <summary>The path that the app gave, made absolute.</summary>
    public string Path { get; }

    /// <summary>
    /// The write-ahead log's path. SQLite derives it from the name of the file itself, which differs from the path if that
    /// leads through symbolic links.
    /// </summary>
    public string LogPath => (_fileName ?? Path) + LogSuffix;

    /// <summary>What the storages of this process share for this file; null until the file exists, which is looked up then.</summary>
    public SharedFile? Shared
    {
        get
        {
            if (_shared is null) Attach(UnixFile.Status(_encodedPath));
            return _shared;
        }
    }

    /// <summary>Whether the storage has had a connection to the file.</summary>
    public bool WasOpened => _wasOpened;

    /// <summary>As <see cref="Opening.ForWriting"/>, on the file that was opened first.</summary>
    public Database OpenForWriting(bool forAppSql, bool isTemporary)
    {
        BeforeOpening();
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
        BeforeOpening();
        return Opening.ForReading(Path, forAppSql) is { } database ? AfterOpening(database) : null;
    }

    /// <summary>As <see cref="Opening.ForAudit"/>; read-only if the storage is.</summary>
    public Database OpenForAudit() => _isReadOnly ? OpenReadOnly(forAppSql: false, Opening.ReadOnlyForAudit) : Opening.ForAudit(Path);

    /// <summary>Opens the file without setting anything up: if SQLite refuses even that, no process can open it.</summary>
    public Database OpenPlainly() =>
        _isReadOnly ? OpenReadOnly(forAppSql: false, static (_, _) => { }) : Database.Open(Path, create: false);

    private Database OpenReadOnly(bool forAppSql, Action<Database, string> setUp)
    {
        BeforeOpening();
        if (ReadOnlyFiles.Look(Path) is not { } files) throw NotAtTheMoment();
        Volatile.Write(ref _hinderedSince, long.MaxValue);
        var generation = Volatile.Read(ref _generation);
        var shared = _shared;
        var hasForeignIndex = !files.IsStill && shared is not null && shared.TryEnterForeignIndex();
        Database? database = null;
        try
        {
            var uri = files.Uri(Path, sharesIndex: !hasForeignIndex);
            database = forAppSql ? Database.OpenReadOnlyForAppSql(Path, uri) : Database.OpenReadOnly(Path, uri);
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

    /// <summary>The failure of a read that does not count because the file was changed meanwhile: the read is tried again.</summary>
    public static SqliteFailure Outdated() => new(SQLitePCL.raw.SQLITE_BUSY, "the store was opened for writing while it was read");

    private bool HaveChanged(ReadOnlyFiles files) => files.HaveChanged || ReadOnlyFiles.Look(Path)?.IsStill != files.IsStill;

    /// <summary>
    /// A log without its index usually means that a process is just opening or closing the store, so it is given a moment.
    /// </summary>
    private Exception NotAtTheMoment()
    {
        var now = Environment.TickCount64;
        Interlocked.CompareExchange(ref _hinderedSince, now, long.MaxValue);
        return now - Volatile.Read(ref _hinderedSince) > MillisecondsOfPatience && ReadOnlyFiles.Hindrance(Path) is { } hindrance
            ? new IncompatibleStoreException(Path, $"it was opened read-only, and {hindrance}")
            : new SqliteFailure(SQLitePCL.raw.SQLITE_BUSY, "the store is just being opened or closed by another process");
    }

    /// <summary>
    /// What was done to the files under the open connections, as a sentence; null if nothing was. On Unix this checks three
    /// files, at about a microsecond each.
    /// </summary>
    public string? Moved()
    {
        if (!_wasOpened) return null;
        var now = Environment.TickCount64;
        var moved = WhatMoved();
        Volatile.Write(ref _inPlaceAt, moved is null ? now : long.MinValue);
        return moved;
    }

    /// <summary>The error for the result of <see cref="Moved"/>.</summary>
    public StorageFailedException Failure(string moved, bool outcomeIsUnknown) => new(
        Path,
        outcomeIsUnknown,
        new IOException($"{moved} What is written now would be lost. Put its files back, or close the store and open it anew."));

    /// <exception cref="StorageFailedException">The files under the open connections are no longer in their place.</exception>
    public void ThrowIfMoved()
    {
        if (Moved() is { } moved) throw Failure(moved, outcomeIsUnknown: false);
    }

    /// <summary>
    /// As <see cref="ThrowIfMoved"/>, but checks at most once in each tick of the system's clock (a few milliseconds): a
    /// small read takes little longer than the check.
    /// </summary>
    /// <exception cref="StorageFailedException">The files under the open connections are no longer in their place.</exception>
    public void ThrowIfMovedBeforeThisTick()
    {
        if (Volatile.Read(ref _inPlaceAt) != Environment.TickCount64) ThrowIfMoved();
    }

    /// <summary>
    /// Whether every process that opens the file now sees what this process has in the write-ahead log, and is excluded by
    /// its locks.
    /// </summary>
    public bool SharesIndex => _shared is { SharesIndex: true };

    /// <summary>Called by a connection before it is closed.</summary>
    public void Closing(Database database)
    {
        // The last connection to close moves the log into the file and deletes the log by its name: by now both files may
        // belong to another store.
        if (Moved() is not null) database.CloseWithoutCheckpoint();
        if (database.ReadOnlyFiles is not { IsStill: true }) _shared?.Closing();
    }

    /// <summary>Called by a connection after it was closed.</summary>
    public void Closed(Database database)
    {
        if (!database.HasForeignIndex) return;
        database.HasForeignIndex = false;
        _shared?.LeaveForeignIndex();
    }

    /// <summary>
    /// A storage that was never disposed no longer counts as one that uses the file. What it detaches from closes connections
    /// of other storages, which must not hold up the thread of the finalizers.
    /// </summary>
    ~StoreFile() => ThreadPool.UnsafeQueueUserWorkItem(static file => file.Dispose(), this, preferLocal: false);

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            Detach();
        }
    }

    /// <summary>The key by which the storages of this process that use one file find each other.</summary>
    public static string KeyOf(string path) =>
        UnixFile.Status(UnixFile.Encode(path)) is { Answer: FileAnswer.Found } status ? Key(status.Identity, path) : Key(null, path);

    private static string Key(FileIdentity? identity, string path) =>
        identity is { } id ? string.Create(CultureInfo.InvariantCulture, $"{id.Device}:{id.Number}")
        : OperatingSystem.IsWindows() ? path.ToUpperInvariant()
        : path;

    private static string Deleted => "It was deleted or moved away while it was in use.";

    private string? WhatMoved()
    {
        if (_identity is not { } identity) return File.Exists(Path) ? null : Deleted;
        var now = UnixFile.Status(_encodedPath);
        return now.Answer == FileAnswer.Missing ? Deleted
            : now.IsOtherThan(identity) ? "Another file was put in its place while it was in use."
            : _shared?.SiblingMoved();
    }

    private void BeforeOpening()
    {
        ThrowIfMoved();
        if (_wasOpened)
        {
            ThrowIfNotAdmitted();
            return;
        }

        var status = UnixFile.Status(_encodedPath);
        if (status is { IsRegular: true, Links: > 1 })
        {
            throw new IncompatibleStoreException(
                Path,
                $"the file has {status.Links} names (hard links), "
                + "and SQLite keeps the newest data in a file beside the name by which it was " +
                "opened: whoever opened it by another name would destroy it. Delete the other names, or copy the file and use the copy.");
        }

        Attach(status);
        ThrowIfNotAdmitted();
    }

    private void ThrowIfNotAdmitted()
    {
        if (!_isReadOnly && _shared is { AdmitsWriters: false })
            throw new SqliteFailure(SQLitePCL.raw.SQLITE_BUSY, "a storage of this process that was opened read-only is reading the file");
    }

    private Database AfterOpening(Database database)
    {
        try
        {
            if (!_wasOpened)
            {
                // Checked again: the file is new, or another one was put in its place just before it was opened.
                Attach(UnixFile.Status(_encodedPath));
                lock (_lock)
                {
                    _fileName ??= database.FileName;
                    _wasOpened = true;
                }
            }

            if (_shared is null) throw Failure(Deleted, outcomeIsUnknown: false);
            if (database.ReadOnlyFiles is not { IsStill: true }) _shared.Opened(_fileName!);
            database.File = this;
            ThrowIfMoved();
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private void Attach(FileStatus status)
    {
        lock (_lock)
        {
            if (_wasOpened || _isDisposed) return;
            FileIdentity? identity = status.Answer == FileAnswer.Found ? status.Identity : null;
            if (_shared is not null && _identity == identity) return;
            if (identity is null && status.Answer == FileAnswer.Missing) return;
            Detach();
            _identity = identity;
            _shared = SharedFile.Take(Key(identity, Path));
            if (_isReadOnly)
            {
                _shared.Changed += Release;
                return;
            }

            _writesIn = _shared;
            _writesIn.EnterWriter();
        }
    }

    private void Detach()
    {
        if (_isReadOnly && _shared is not null) _shared.Changed -= Release;
        _writesIn?.LeaveWriter();
        _writesIn = null;
        _shared?.Release();
    }

    private void Release()
    {
        Interlocked.Increment(ref _generation);
        IsToRelease?.Invoke();
    }
}
