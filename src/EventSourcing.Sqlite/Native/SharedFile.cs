using System.Globalization;

namespace EventSourcing;

/// <summary>
/// What the storages of this process that have the same file open must know of each other: SQLite shares its locks and its
/// index of the write-ahead log among all connections of a process to a file. Thread-safe.
/// </summary>
internal sealed class SharedFile
{
    // The only state of this library that belongs to the process and not to an object: all storages that are opened on a file
    // share that file, and none of them knows of the others. It holds an entry only while a storage uses its file, or a
    // thread still waits for another process that uses it.
    private static readonly Dictionary<string, SharedFile> InUse = new(StringComparer.Ordinal);
    private static readonly Lock InUseLock = new();

    private readonly string _key;
    private readonly Lock _lock = new();
    private int _storages;
    private int _connections;
    private int _writingStorages;
    private int _foreignIndexes;
    private volatile Siblings? _siblings;

    private SharedFile(string key) => _key = key;

    /// <summary>The turns of these storages to write.</summary>
    public WriteTurns Turns { get; } = new();

    /// <summary>The turns of this process among all processes that write to the file.</summary>
    public ProcessTurns ProcessTurns { get; } = new();

    /// <summary>Registers a user of the file, until <see cref="Release"/>.</summary>
    /// <param name="key">Identifies the file: the same for all of its names.</param>
    public static SharedFile Take(string key)
    {
        lock (InUseLock)
        {
            if (!InUse.TryGetValue(key, out var file)) InUse.Add(key, file = new SharedFile(key));
            file._storages++;
            return file;
        }
    }

    /// <summary>Whether a storage of this process uses a file.</summary>
    public static bool IsInUse(string key)
    {
        lock (InUseLock) return InUse.ContainsKey(key);
    }

    public void Release()
    {
        lock (InUseLock)
        {
            if (--_storages == 0 && !ProcessTurns.IsWaiting) InUse.Remove(_key);
        }
    }

    /// <summary>
    /// Asks read-only storages to close the connections that they do not need at the moment: a storage that may write was
    /// opened or closed.
    /// </summary>
    public event Action? Changed;

    /// <summary>Registers a storage that may write to the file, until <see cref="LeaveWriter"/>.</summary>
    public void EnterWriter()
    {
        lock (_lock) _writingStorages++;
        Changed?.Invoke();
    }

    public void LeaveWriter()
    {
        lock (_lock) _writingStorages--;
        Changed?.Invoke();
    }

    /// <summary>
    /// Whether a storage that may write can open the file now. All connections of a process share one index of the log, and
    /// while that index may only be read, none of them can write.
    /// </summary>
    public bool AdmitsWriters
    {
        get
        {
            lock (_lock) return _foreignIndexes == 0;
        }
    }

    /// <summary>
    /// Announces that a connection will be opened that must not change the index of the log, until
    /// <see cref="LeaveForeignIndex"/>.
    /// </summary>
    /// <returns>False if this process may write: then the connection uses the index of the writing connections.</returns>
    public bool TryEnterForeignIndex()
    {
        lock (_lock)
        {
            if (_writingStorages > 0) return false;
            _foreignIndexes++;
            return true;
        }
    }

    public void LeaveForeignIndex()
    {
        lock (_lock) _foreignIndexes--;
    }

    /// <summary>Reports that a connection is open and has read, so that it uses the files that are now beside the database.</summary>
    /// <param name="fileName">The database file's name as SQLite has it.</param>
    public void Opened(string fileName)
    {
        lock (_lock)
        {
            if (_connections++ > 0) return;
            _siblings = Siblings.Of(fileName);
            ProcessTurns.Open(fileName + StoreFile.LogSuffix);
        }
    }

    /// <summary>
    /// Announces that a connection is about to be closed. While another one is open, SQLite removes none of the files; after
    /// the last one, they may be made anew.
    /// </summary>
    public void Closing()
    {
        lock (_lock)
        {
            if (--_connections > 0) return;
            _siblings = null;
            ProcessTurns.Close();
        }
    }

    /// <summary>What was done to the files beside the database that the open connections use, as a sentence; null if nothing was.</summary>
    /// <param name="logLength">The length of the write-ahead log in bytes; null if the system does not say.</param>
    public string? SiblingMoved(out long? logLength)
    {
        logLength = null;
        return _siblings?.Moved(out logLength);
    }

    /// <summary>
    /// Says that the write-ahead log that the open connections use was cut off. That stays so until all of them are closed.
    /// </summary>
    /// <param name="before">The length in bytes that it had.</param>
    /// <param name="now">The length in bytes that it has.</param>
    public void LogWasCutOff(long before, long now) => _siblings?.LogWasCutOff(before, now);

    /// <summary>The same of the database file itself.</summary>
    /// <param name="before">The length in bytes that it had.</param>
    /// <param name="now">The length in bytes that it has.</param>
    public void FileWasCutOff(long before, long now) => _siblings?.FileWasCutOff(before, now);

    /// <summary>
    /// Whether the open connections still share the log and its index with every process that opens the file now.
    /// </summary>
    public bool SharesIndex => _siblings is { SharesIndex: true };

    /// <summary>The write-ahead log and its index in shared memory, as they were when the first connection opened them.</summary>
    private sealed class Siblings
    {
        private readonly byte[] _logPath;
        private readonly byte[] _indexPath;
        private readonly FileStatus _log;
        private readonly FileStatus _index;
        private readonly string _fileName;
        private volatile string? _cutOff;

        private Siblings(string fileName)
        {
            _fileName = fileName;
            _logPath = UnixFile.Encode(fileName + StoreFile.LogSuffix);
            _indexPath = UnixFile.Encode(fileName + StoreFile.IndexSuffix);
            _log = UnixFile.Status(_logPath);
            _index = UnixFile.Status(_indexPath);
        }

        public bool SharesIndex => _cutOff is null && !IsOther(_indexPath, _index);

        public static Siblings? Of(string fileName) => OperatingSystem.IsWindows() ? null : new Siblings(fileName);

        public string? Moved(out long? logLength)
        {
            var log = UnixFile.Status(_logPath);
            logLength = log.Answer == FileAnswer.Found ? log.Length : null;
            return IsOther(log, _log) ? Sentence(StoreFile.LogSuffix)
                : IsOther(_indexPath, _index) ? Sentence(StoreFile.IndexSuffix)
                : _cutOff;
        }

        public void LogWasCutOff(long before, long now) => _cutOff = string.Create(
            CultureInfo.InvariantCulture,
            $"'{_fileName}{StoreFile.LogSuffix}', which belongs to it, was cut off from {before} to {now} bytes while it was in use: "
            + $"committed events that were in it are gone.");

        public void FileWasCutOff(long before, long now) => _cutOff = string.Create(
            CultureInfo.InvariantCulture,
            $"It was cut off from {before} to {now} bytes while it was in use: what was in the rest is gone.");

        private static bool IsOther(byte[] path, FileStatus before) => IsOther(UnixFile.Status(path), before);

        private static bool IsOther(FileStatus now, FileStatus before) =>
            before.Answer == FileAnswer.Found && now.IsOtherThan(before.Identity);

        private string Sentence(string suffix) =>
            $"'{_fileName}{suffix}', which belongs to it, was deleted, moved or replaced while it was in use.";
    }
}
