using System.Runtime.InteropServices;

namespace EventSourcing;

/// <summary>
/// Why the system did not let SQLite open or write a store's files. SQLite gives one result code for many causes, and the layer beneath
/// this library does not pass on the system's own error, so the causes are looked for afterwards. Some have passed by then.
/// </summary>
internal static partial class FileHindrance
{
    private const int MayWrite = 2;
    private const int MayRead = 4;
    private const int NoRight = 13;
    private const int ReadOnlyFileSystem = 30;
    private const int TooManyFilesOfSystem = 23;
    private const int TooManyFiles = 24;

    /// <summary>Less than SQLite needs for the smallest write: one page each of the log and its index.</summary>
    private const long NoSpace = 64 * 1024;

    private static readonly string[] Siblings = [StoreFile.LogSuffix, StoreFile.IndexSuffix, StoreFile.JournalSuffix];

    /// <summary>The cause and what to do about it, as sentences; null if none is found.</summary>
    /// <param name="path">The store's path.</param>
    /// <param name="isOfRights">
    /// Whether SQLite says that it could not open a file or may not write one, rather than that the disk failed.
    /// </param>
    public static string? Of(string path, bool isOfRights)
    {
        if (OperatingSystem.IsWindows()) return HasNoSpace(path) ? SqliteFailure.FullDisk : null;
        return HasTooManyFiles()
            ? "This process, or the system, has as many files open as it may. Close some, or raise the limit (ulimit -n)."
            : isOfRights && Forbidden(StorePath.TargetOf(path)) is { } forbidden ? forbidden
            : HasNoSpace(path) ? SqliteFailure.FullDisk
            : isOfRights
            ? "This user has the rights, so it is something else: the file system may have no inode left for a new file (df -i), "
                + "the process may have had as many files open as it may (ulimit -n), or the disk has failed. See which it is."
            : null;
    }

    private static string? Forbidden(string path)
    {
        string[] files = [path, .. Siblings.Select(sibling => path + sibling).Where(File.Exists)];
        foreach (var file in files.Where(File.Exists))
        {
            if (Refuses(file, MayRead) == NoRight) return $"This user may not read '{file}'. Give the user the right to.";
        }

        foreach (var place in files.Append(Path.GetDirectoryName(path)!).Where(Path.Exists))
        {
            switch (Refuses(place, MayWrite))
            {
                case ReadOnlyFileSystem:
                    return $"'{place}' is on a file system that is mounted read-only. {SqliteFailure.NeedsWriting} "
                        + "Open it read-only, or mount the file system so that it can be written.";
                case NoRight:
                    return $"This user may not write '{place}'. {SqliteFailure.NeedsWriting} "
                        + "Open it read-only, or give the user the right to.";
                default:
                    continue;
            }
        }

        return null;
    }

    /// <summary>Opens something that is always there: to open the store's own file would drop the locks that SQLite has on it.</summary>
    private static bool HasTooManyFiles()
    {
        try
        {
            using var nothing = File.OpenHandle("/dev/null");
            return false;
        }
        catch (IOException failure)
        {
            return failure.HResult is TooManyFiles or TooManyFilesOfSystem;
        }
        catch (UnauthorizedAccessException)
        {
            return false; // a sandbox; it says nothing of the store
        }
    }

    private static bool HasNoSpace(string path)
    {
        try
        {
            return new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace < NoSpace;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false; // the system does not say
        }
    }

    /// <summary>The number of the system's error if this user may not do something with a file; 0 if that is allowed.</summary>
    private static int Refuses(string path, int what) =>
        Access(in UnixFile.Encode(path)[0], what) == 0 ? 0 : Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true)]
    private static partial int Access(in byte path, int mode);
}
