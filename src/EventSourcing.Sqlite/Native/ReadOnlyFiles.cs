namespace EventSourcing;

/// <summary>
/// How a store can be opened so that nothing is written: the file is not changed, and no file beside it is made or changed.
/// That depends on which files are beside it at the moment.
/// </summary>
/// <remarks>
/// <para>If there is a write-ahead log with frames, SQLite reads it through the index in shared memory, which it is told not
/// to change (<c>readonly_shm</c>). If no process has the store open, SQLite makes an index in its own memory.</para>
/// <para>If there is no log, or none with frames, the file is all there is, and SQLite would make a log and an index to read it.
/// Therefore it is told that the file cannot change (<c>immutable</c>), and this class makes sure that what was read counts only if
/// the file has not changed: while there is neither such a log nor a journal beside it, and its time of last change stays the same,
/// no process has changed it.</para>
/// </remarks>
internal sealed class ReadOnlyFiles
{
    /// <summary>
    /// File systems record the time of a change with a precision of a few milliseconds: a file that has just changed might
    /// change again at the same recorded time.
    /// </summary>
    private static readonly TimeSpan Settled = TimeSpan.FromMilliseconds(20);

    /// <summary>The same for a file system that records whole seconds, or only every second one.</summary>
    private static readonly TimeSpan SettledOnCoarseClock = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The bytes of a log's header (<see href="https://sqlite.org/fileformat2.html#walformat">its format</see>). A log of only that holds
    /// nothing: a process that had just begun it was killed. SQLite cannot read such a log by <c>readonly_shm</c>: for ten seconds it
    /// compares the header with an index that says nothing of it, and then calls the store busy.
    /// </summary>
    public const int LogHeaderBytes = 32;

    private readonly string _target;
    private readonly long _length;
    private readonly DateTime _changedAt;

    private ReadOnlyFiles(string target, FileInfo file, bool isStill)
    {
        _target = target;
        _length = file.Length;
        _changedAt = file.LastWriteTimeUtc;
        IsStill = isStill;
    }

    /// <summary>Whether the file was alone, so that what is read from it counts only while <see cref="HaveChanged"/> is false.</summary>
    public bool IsStill { get; }

    /// <summary>Whether another process may have changed the file since.</summary>
    public bool HaveChanged
    {
        get
        {
            if (!IsStill) return false;
            var now = new FileInfo(_target);
            return !now.Exists || now.Length != _length || now.LastWriteTimeUtc != _changedAt || !IsAlone(_target);
        }
    }

    /// <summary>Looks at the files.</summary>
    /// <param name="path">The store's path.</param>
    /// <returns>How to open it; <see langword="null"/> if that cannot be determined at the moment.</returns>
    /// <exception cref="StorageFailedException">There is no file.</exception>
    /// <exception cref="IncompatibleStoreException">It is a folder.</exception>
    public static ReadOnlyFiles? Look(string path)
    {
        var target = StorePath.TargetOf(path);
        var file = new FileInfo(target);
        if (!file.Exists)
        {
            if (Directory.Exists(target)) throw new IncompatibleStoreException(path, "it is a folder, not a file. Choose another path.");
            throw new StorageFailedException(path, outcomeIsUnknown: false, new FileNotFoundException(
                StorePath.FlawOf(path)
                    ?? "There is no such file, and a store that is opened read-only is not made. Check the path.",
                target));
        }

        if (!IsAlone(target)) return HasLogAndIndex(target) ? new ReadOnlyFiles(target, file, isStill: false) : null;
        var settled = file.LastWriteTimeUtc.Ticks % TimeSpan.TicksPerSecond == 0 ? SettledOnCoarseClock : Settled;
        var age = TimeProvider.System.GetUtcNow() - file.LastWriteTimeUtc;
        return age.Duration() < settled ? null : new ReadOnlyFiles(target, file, isStill: true);
    }

    /// <summary>Why a store could not be opened for some time, as a sentence with the remedy; null if it is only in use.</summary>
    public static string? Hindrance(string path)
    {
        var target = StorePath.TargetOf(path);
        if (!File.Exists(target) || IsAlone(target) || HasLogAndIndex(target)) return null;
        var journal = new FileInfo(target + StoreFile.JournalSuffix).Exists;
        return $"beside it there is '{target + (journal ? StoreFile.JournalSuffix : StoreFile.LogSuffix)}', " + (journal
            ? "of a write that was never finished, and only a process that may write can undo it. "
            : "which holds events, but not its index '-shm', and only a process that may write can make that anew. ") +
            "Open the store once without SqliteEventStorageOptions.ReadOnly, as a user who may write it; " +
            "or copy both files to a folder where you may write, and do it there.";
    }

    /// <summary>The URI by which SQLite opens it.</summary>
    /// <param name="path">The store's path.</param>
    /// <param name="sharesIndex">Whether this process also has the store open to write: all its connections share one index.</param>
    public string Uri(string path, bool sharesIndex)
    {
        var parts = OperatingSystem.IsWindows() ? path.Split('/', '\\') : path.Split('/');
        var escaped = string.Join('/', parts.Select(System.Uri.EscapeDataString));
        var index = IsStill ? "&immutable=1" : sharesIndex ? "" : "&readonly_shm=1";
        return $"file:{(escaped.StartsWith('/') ? "" : "/")}{escaped}?mode=ro{index}";
    }

    private static bool IsAlone(string target)
    {
        if (new FileInfo(target + StoreFile.JournalSuffix).Exists) return false;
        var log = new FileInfo(target + StoreFile.LogSuffix);
        return !log.Exists || log.Length <= LogHeaderBytes;
    }

    private static bool HasLogAndIndex(string target) =>
        File.Exists(target + StoreFile.LogSuffix) && File.Exists(target + StoreFile.IndexSuffix);
}
