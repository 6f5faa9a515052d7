namespace EventSourcing;

/// <summary>
/// A folder for a temporary store, in the system's folder for temporary files. It is deleted with the store. If a process was
/// killed and left one behind, the next process that makes such a folder deletes it.
/// </summary>
internal sealed class TemporaryStoreFolder : IDisposable
{
    private const string Prefix = "eventsourcing-temporary-";
    private const string LockName = "in-use";

    /// <summary>A younger folder may not have its lock yet.</summary>
    private static readonly TimeSpan YoungestToDelete = TimeSpan.FromMinutes(10);

    private readonly DirectoryInfo _folder;
    private readonly FileStream _lock;

    public TemporaryStoreFolder(TimeProvider clock)
    {
        DeleteAbandoned(clock);
        _folder = Directory.CreateTempSubdirectory(Prefix);
        _lock = Lock(_folder.FullName, FileMode.CreateNew);
    }

    public string StorePath => Path.Combine(_folder.FullName, "store.db");

    public void Dispose()
    {
        _lock.Dispose();
        TryDelete(_folder.FullName);
    }

    private static void DeleteAbandoned(TimeProvider clock)
    {
        foreach (var folder in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            if (clock.GetUtcNow() - Directory.GetLastWriteTimeUtc(folder) < YoungestToDelete) continue;
            try
            {
                using var free = Lock(folder, FileMode.Open);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue; // it is in use, or belongs to another user
            }

            TryDelete(folder);
        }
    }

    /// <summary>The system releases the lock when the process ends, however it ends.</summary>
    private static FileStream Lock(string folder, FileMode mode) =>
        new(Path.Combine(folder, LockName), mode, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);

    private static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // For example, a virus scanner has a file open. The system may clear the folder; the next temporary store tries again.
        }
    }
}
