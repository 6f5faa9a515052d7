using System.Globalization;

namespace EventSourcing;

/// <summary>
/// Where the file of a storage is, and what the storages of this process share for it. It detects whether the file or one of those
/// beside it was deleted, moved or replaced since it was opened. SQLite does not check that: it would continue with the files that it
/// has open, which no other process will ever read. Thread-safe.
/// </summary>
internal sealed class FilePlace : IDisposable
{
    private readonly byte[] _encodedPath;
    private readonly bool _isReadOnly;
    private readonly Action _onChange;
    private readonly Lock _lock = new();
    private volatile SharedFile? _shared;
    private FileIdentity? _identity;
    private volatile bool _wasOpened;
    private bool _isDisposed;
    private string? _fileName;
    private long _inPlaceAt = long.MinValue;
    private long _length;
    private long _shorter = long.MaxValue;
    private SharedFile? _writesIn;

    /// <param name="path">The absolute path.</param>
    /// <param name="isReadOnly">Whether the storage only reads.</param>
    /// <param name="onChange">
    /// Called for a storage that only reads when a storage of this process that may write was opened or closed.
    /// </param>
    public FilePlace(string path, bool isReadOnly, Action onChange)
    {
        Path = path;
        _isReadOnly = isReadOnly;
        _onChange = onChange;
        _encodedPath = UnixFile.Encode(path);
    }

    /// <summary>The path that the app gave, made absolute.</summary>
    public string Path { get; }

    /// <summary>
    /// The write-ahead log's path. SQLite derives it from the name of the file itself, which differs from the path if that
    /// leads through symbolic links.
    /// </summary>
    public string LogPath => (_fileName ?? Path) + StoreFile.LogSuffix;

    /// <summary>What the storages of this process share for this file; null until the file exists, which is looked up then.</summary>
    public SharedFile? Shared
    {
        get
        {
            if (_shared is null) Attach(UnixFile.Status(_encodedPath));
            return _shared;
        }
    }

    /// <summary>What the storages of this process share for this file, if it was looked up.</summary>
    public SharedFile? KnownShared => _shared;

    /// <summary>Whether the storage has had a connection to the file.</summary>
    public bool WasOpened => _wasOpened;

    /// <summary>
    /// Whether every process that opens the file now sees what this process has in the write-ahead log, and is excluded by
    /// its locks.
    /// </summary>
    public bool SharesIndex => _shared is { SharesIndex: true };

    /// <summary>The key by which the storages of this process that use one file find each other.</summary>
    public static string KeyOf(string path) =>
        UnixFile.Status(UnixFile.Encode(path)) is { Answer: FileAnswer.Found } status ? Key(status.Identity, path) : Key(null, path);

    /// <summary>
    /// What was done to the files under the open connections, as a sentence; null if nothing was. On Unix this checks three
    /// files, at about a microsecond each.
    /// </summary>
    public string? Moved() => Moved(out _);

    /// <inheritdoc cref="Moved()"/>
    /// <param name="logLength">The length of the write-ahead log in bytes; null if nobody knows it.</param>
    public string? Moved(out long? logLength)
    {
        logLength = null;
        if (!_wasOpened) return null;
        var now = Environment.TickCount64;
        var moved = WhatMoved(out logLength);
        Volatile.Write(ref _inPlaceAt, moved is null ? now : long.MinValue);
        return moved;
    }

    /// <summary>
    /// The lengths in bytes that the file had and has, if it was longer at an earlier look; null if not. It becomes shorter if somebody
    /// cuts it off, or compacts it (<c>VACUUM</c>).
    /// </summary>
    public (long Before, long Now)? Shortened =>
        Volatile.Read(ref _shorter) is < long.MaxValue and var now ? (Volatile.Read(ref _length), now) : null;

    /// <summary>Takes the length that the file has now as the right one.</summary>
    public void AcceptLength()
    {
        Volatile.Write(ref _length, 0);
        Volatile.Write(ref _shorter, long.MaxValue);
    }

    /// <summary>The error for the result of <see cref="Moved()"/>.</summary>
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

    /// <summary>Checks that a connection may be opened.</summary>
    /// <exception cref="EventSourcingException">It may not.</exception>
    /// <exception cref="SqliteFailure">It may not at the moment.</exception>
    public void BeforeOpening()
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

        if (UnfinishedCopy.FlawAt(Path) is { } flaw) throw new IncompatibleStoreException(Path, flaw);
        Attach(status);
        ThrowIfNotAdmitted();
    }

    /// <summary>Takes note of a connection that was opened.</summary>
    /// <exception cref="StorageFailedException">It is not a connection to the file that was opened first.</exception>
    public void AfterOpening(Database database)
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
    }

    /// <summary>Takes note of a connection that is about to be closed.</summary>
    public void Closing(Database database)
    {
        if (database.ReadOnlyFiles is not { IsStill: true }) _shared?.Closing();
    }

    /// <summary>
    /// A storage that was never disposed no longer counts as one that uses the file. What it detaches from closes connections
    /// of other storages, which must not hold up the thread of the finalizers.
    /// </summary>
    ~FilePlace() => ThreadPool.UnsafeQueueUserWorkItem(static place => place.Dispose(), this, preferLocal: false);

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

    private static string Key(FileIdentity? identity, string path) =>
        identity is { } id ? string.Create(CultureInfo.InvariantCulture, $"{id.Device}:{id.Number}")
        : OperatingSystem.IsWindows() ? path.ToUpperInvariant()
        : path;

    private static string Deleted => "It was deleted or moved away while it was in use.";

    private string? WhatMoved(out long? logLength)
    {
        logLength = null;
        if (_identity is not { } identity) return File.Exists(Path) ? null : Deleted;
        var now = UnixFile.Status(_encodedPath);
        if (now.Answer == FileAnswer.Missing) return Deleted;
        if (now.IsOtherThan(identity)) return "Another file was put in its place while it was in use.";
        if (now.Answer == FileAnswer.Found) LookAtLength(now.Length);
        return _shared?.SiblingMoved(out logLength);
    }

    private void LookAtLength(long now)
    {
        // Several threads may look at once. An older length may replace a newer one, which is only a little longer.
        if (now < Volatile.Read(ref _length)) Volatile.Write(ref _shorter, now);
        else Volatile.Write(ref _length, now);
    }

    private void ThrowIfNotAdmitted()
    {
        if (!_isReadOnly && _shared is { AdmitsWriters: false })
            throw new SqliteFailure(SQLitePCL.raw.SQLITE_BUSY, "a storage of this process that was opened read-only is reading the file");
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
                _shared.Changed += _onChange;
                return;
            }

            _writesIn = _shared;
            _writesIn.EnterWriter();
        }
    }

    private void Detach()
    {
        if (_isReadOnly && _shared is not null) _shared.Changed -= _onChange;
        _writesIn?.LeaveWriter();
        _writesIn = null;
        _shared?.Release();
    }
}
