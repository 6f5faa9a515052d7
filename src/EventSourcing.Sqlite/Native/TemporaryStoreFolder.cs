namespace EventSourcing;

/// <summary>
/// A folder of its own for a temporary store, in the system's folder for such. It is deleted with the store; what a process
/// left behind that was killed is deleted when the next one makes such a folder.
/// </summary>
internal sealed class TemporaryStoreFolder : IDisposable
{
    private const string Prefix = "eventsourcing-temporary-";
    private const string LockName = "in-use";

    /// <summary>A folder that is younger may not have its lock yet.</summary>
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
                continue; // it is in use, or another user's
            }

            TryDelete(folder);
        }
    }

    /// <summary>The system gives the lock back when the process ends, however it ends.</summary>
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
            // A virus scanner, say, has a file open. The folder is the system's to clear; the next temporary store tries again.
        }
    }
}
