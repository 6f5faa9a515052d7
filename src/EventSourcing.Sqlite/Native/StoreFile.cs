using System.Globalization;

namespace EventSourcing;

/// <summary>
/// The file of one storage: it opens the connections, and sees whether the file or one of those beside it was deleted,
/// moved or replaced since. SQLite does not look: it would go on with what it has open, which nobody else will ever read.
/// Thread-safe.
/// </summary>
internal sealed class StoreFile : IDisposable
{
    /// <summary>What SQLite adds to the file's name for the write-ahead log.</summary>
    public const string LogSuffix = "-wal";

    /// <summary>What SQLite adds to the file's name for the index of that log, in shared memory.</summary>
    public const string IndexSuffix = "-shm";

    private readonly byte[] _encodedPath;
    private readonly Lock _lock = new();
    private volatile SharedFile? _shared;
    private FileIdentity? _identity;
    private volatile bool _wasOpened;
    private bool _isDisposed;
    private string? _fileName;
    private long _inPlaceAt = long.MinValue;

    public StoreFile(string path)
    {
        Path = path;
        _encodedPath = UnixFile.Encode(path);
    }

    /// <summary>The path that the app gave, made absolute.</summary>
    public string Path { get; }

    /// <summary>
    /// The write-ahead log's path. SQLite derives it from the name of the file itself, which is another one if the path
    /// leads through symbolic links.
    /// </summary>
    public string LogPath => (_fileName ?? Path) + LogSuffix;

    /// <summary>What the storages of this process on this file share; null until the file is there.</summary>
    public SharedFile? Shared => _shared;

    /// <summary>As <see cref="Shared"/>, but before the storage opens the file too, if the file is there.</summary>
    public SharedFile? SharedIfThere()
    {
        if (_shared is null) Attach(UnixFile.Status(_encodedPath));
        return _shared;
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

    /// <summary>As <see cref="Opening.ForReading"/>, on the file that was opened first.</summary>
    public Database? OpenForReading(bool forAppSql = false)
    {
        BeforeOpening();
        return Opening.ForReading(Path, forAppSql) is { } database ? AfterOpening(database) : null;
    }

    /// <summary>
    /// What was done to the files under the open connections, as a sentence; null if nothing was. On Unix this asks for
    /// three files, about a microsecond each.
    /// </summary>
    public string? Moved()
    {
        if (!_wasOpened) return null;
        var now = Environment.TickCount64;
        var moved = WhatMoved();
        Volatile.Write(ref _inPlaceAt, moved is null ? now : long.MinValue);
        return moved;
    }

    /// <summary>The error for what <see cref="Moved"/> said.</summary>
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
    /// As <see cref="ThrowIfMoved"/>, but all was in its place if it was so at the current tick of the system's clock, a few
    /// milliseconds: a small read takes little longer than to ask.
    /// </summary>
    /// <exception cref="StorageFailedException">The files under the open connections are no longer in their place.</exception>
    public void ThrowIfMovedBeforeThisTick()
    {
        if (Volatile.Read(ref _inPlaceAt) != Environment.TickCount64) ThrowIfMoved();
    }

    /// <summary>Whether all who open the file now see what this process has in the write-ahead log, and are kept out by its locks.</summary>
    public bool SharesIndex => _shared is { SharesIndex: true };

    /// <summary>Called by a connection before it is closed.</summary>
    public void Closing(Database database)
    {
        // The last one to close moves the log into the file and deletes the log by its name: by now both may be another's.
        if (Moved() is not null) database.CloseWithoutCheckpoint();
        _shared?.Closing();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            _shared?.Release();
        }
    }

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
        if (_wasOpened) return;
        var status = UnixFile.Status(_encodedPath);
        if (status is { Answer: FileAnswer.Found, IsRegular: false })
            throw new IncompatibleStoreException(Path, $"it is {(Directory.Exists(Path) ? "a folder" : "a device, a pipe or the like")}, not a file. Choose another path.");
        if (status.Links > 1)
        {
            throw new IncompatibleStoreException(
                Path,
                $"the file has {status.Links} names (hard links), and SQLite keeps the newest data in a file beside the name by which it was " +
                "opened: whoever opened it by another name would destroy it. Delete the other names, or copy the file and use the copy.");
        }

        Attach(status);
    }

    private Database AfterOpening(Database database)
    {
        try
        {
            if (!_wasOpened)
            {
                // Asked again: the file is new, or another one was put in its place just before it was opened.
                Attach(UnixFile.Status(_encodedPath));
                lock (_lock)
                {
                    _fileName ??= database.FileName;
                    _wasOpened = true;
                }
            }

            if (_shared is null) throw Failure(Deleted, outcomeIsUnknown: false);
            _shared.Opened(_fileName!);
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
            _shared?.Release();
            _identity = identity;
            _shared = SharedFile.Take(identity is { } id ? string.Create(CultureInfo.InvariantCulture, $"{id.Device}:{id.Number}") : OperatingSystem.IsWindows() ? Path.ToUpperInvariant() : Path);
        }
    }
}
