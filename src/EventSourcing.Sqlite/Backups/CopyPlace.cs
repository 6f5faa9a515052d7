using System.Globalization;
using System.Runtime.InteropServices;

namespace EventSourcing;

/// <summary>
/// The place for a copy of a store. The copy is made beside that place under another name; once it is whole and on the disk,
/// a single rename puts it in place. If a process was killed while making a copy, the next one removes what is left of it.
/// </summary>
internal sealed partial class CopyPlace : IDisposable
{
    private const string Suffix = ".incomplete";
    private const int ReadOnlyFolder = 0;
    private static readonly string[] Siblings = ["", StoreFile.JournalSuffix, StoreFile.LogSuffix, StoreFile.IndexSuffix];
    private readonly FileStream _lock;

    private CopyPlace(string path, FileStream @lock)
    {
        Path = path;
        _lock = @lock;
    }

    /// <summary>The path at which the copy will be.</summary>
    public string Path { get; }

    /// <summary>The path at which it is made.</summary>
    public string Incomplete => Path + Suffix;

    /// <summary>Takes the place, so that no other copy is made for it at the same time.</summary>
    /// <param name="path">The full path.</param>
    /// <param name="like">The file whose access rights the copy gets.</param>
    /// <exception cref="BackupFailedException">Another backup is making a copy for it, or the folder cannot be written.</exception>
    public static CopyPlace Take(string path, string like)
    {
        FileStream held;
        try
        {
            held = new FileStream(
                path + Suffix + "-lock",
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None,
                bufferSize: 1,
                FileOptions.DeleteOnClose);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            var folder = System.IO.Path.GetDirectoryName(path);
            throw new BackupFailedException(
                path,
                Directory.Exists(folder)
                    ? "its folder cannot be written, "
                        + $"or another process is making a copy at this path ({failure.Message}) Choose another one."
                    : $"the folder '{folder}' does not exist. Create it first.",
                failure);
        }

        var place = new CopyPlace(path, held);
        try
        {
            place.RemoveIncomplete();

            // SQLite writes into an empty file. Users who may not read the store must not be able to read its copy.
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = File.GetUnixFileMode(like) | UnixFileMode.UserRead | UnixFileMode.UserWrite;
            new FileStream(place.Incomplete, options).Dispose();
            return place;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            place.Dispose();
            throw new BackupFailedException(path, $"it cannot be written ({failure.Message})", failure);
        }
    }

    /// <summary>Makes the copy durable and puts it in its place.</summary>
    /// <param name="isReplaced">Whether an existing file is replaced.</param>
    /// <exception cref="BackupFailedException">There is a file, or the disk failed.</exception>
    public void Fill(bool isReplaced)
    {
        Sync();
        Put(isReplaced);
        SyncFolder(aside: null);
    }

    /// <summary>Makes the copy durable where it was made.</summary>
    /// <exception cref="BackupFailedException">The disk failed.</exception>
    public void Sync()
    {
        try
        {
            using var file = File.OpenHandle(Incomplete, FileMode.Open, FileAccess.ReadWrite);
            UnixFile.Sync(file, Incomplete);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw NotPut(failure);
        }
    }

    /// <summary>Puts the copy, which is durable, at the path of a store that was moved aside.</summary>
    /// <param name="aside">Where that store is now; null if there was none.</param>
    /// <exception cref="BackupFailedException">
    /// There is a file again, or the disk failed. The store is back at its path, or the error says where it is.
    /// </exception>
    public void PutInsteadOf(string? aside)
    {
        try
        {
            Put(isReplaced: false);
        }
        catch (BackupFailedException failure) when (aside is not null)
        {
            if (TryMoveBack(aside)) throw;
            var reason = File.Exists(Path) ? "meanwhile a file was made there." : failure.Reason;
            throw new BackupFailedException(Path, reason, aside, failure.InnerException);
        }

        SyncFolder(aside);
    }

    private void Put(bool isReplaced)
    {
        try
        {
            ThrowIfTaken(Path, isReplaced);
            File.Move(Incomplete, Path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw NotPut(failure);
        }
    }

    private BackupFailedException NotPut(Exception failure) =>
        new(Path, $"it could not be put in its place ({failure.Message})", failure);

    /// <summary>Moves a store back to its path, unless something is there.</summary>
    private bool TryMoveBack(string aside)
    {
        if (Siblings.Any(sibling => File.Exists(Path + sibling))) return false;
        try
        {
            MoveAll(aside, Path);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It stays where it is, and the error that ends the restore says where that is.
            return false;
        }
    }

    /// <summary>Refuses a place at which there is already a file, or a file beside it that SQLite would apply to the copy.</summary>
    /// <exception cref="BackupFailedException">There is one.</exception>
    public static void ThrowIfTaken(string path, bool isReplaced)
    {
        ThrowIfNoFile(path);
        if (!isReplaced && File.Exists(path))
            throw new BackupFailedException(
                path, "there is a file at this path already. Choose another one, or say that it is to be replaced.");
        foreach (var sibling in Siblings.Skip(1))
        {
            if (File.Exists(path + sibling))
                throw new BackupFailedException(
                    path,
                    $"'{path + sibling}' is beside it, of a store in use or not closed. SQLite would apply it to the copy. "
                    + "Choose another path.");
        }
    }

    /// <summary>Refuses the place of something that is no file: a rename would replace even a device by the copy.</summary>
    /// <exception cref="BackupFailedException">It is a folder, a pipe, a device or a socket.</exception>
    public static void ThrowIfNoFile(string path)
    {
        if (UnixFile.OtherThanFile(path) is { } other)
            throw new BackupFailedException(path, $"it is {other}, and not a file. Nothing replaces that. Choose another path.");
    }

    /// <summary>Moves what is at a path aside, with all the files that belong to it, so that it stays a store.</summary>
    /// <returns>The path at which it is now; null if there was nothing.</returns>
    /// <exception cref="BackupFailedException">It cannot be moved, and is where it was.</exception>
    public static string? MoveAside(string path, DateTimeOffset now)
    {
        var found = Siblings.Where(sibling => File.Exists(path + sibling)).ToList();
        if (found.Count == 0) return null;
        var stamped = string.Create(CultureInfo.InvariantCulture, $"{path}.replaced-{now.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}");
        var aside = stamped;
        for (var i = 2; Siblings.Any(sibling => File.Exists(aside + sibling)); i++)
            aside = string.Create(CultureInfo.InvariantCulture, $"{stamped}-{i}");

        try
        {
            MoveAll(path, aside);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BackupFailedException(path, $"the store there could not be moved aside ({failure.Message})", failure);
        }

        return aside;
    }

    /// <summary>Moves a database with the files beside it. If one of them cannot be moved, all are where they were.</summary>
    private static void MoveAll(string from, string to)
    {
        var moved = new List<string>();
        try
        {
            // The database file goes first: without its log it would look like a whole, older store.
            foreach (var sibling in Siblings.Where(sibling => File.Exists(from + sibling)))
            {
                File.Move(from + sibling, to + sibling);
                moved.Add(sibling);
            }
        }
        catch
        {
            moved.Reverse();
            foreach (var sibling in moved) File.Move(to + sibling, from + sibling);
            throw;
        }
    }

    public void Dispose()
    {
        RemoveIncomplete();
        _lock.Dispose();
    }

    private void RemoveIncomplete()
    {
        foreach (var sibling in Siblings) File.Delete(Incomplete + sibling);
    }

    /// <summary>Makes the name of the copy durable, which is in its place: a rename is on the disk once its folder is synced.</summary>
    /// <remarks>Windows cannot sync folders.</remarks>
    private void SyncFolder(string? aside)
    {
        if (OperatingSystem.IsWindows()) return;
        var name = UnixFile.Encode(System.IO.Path.GetDirectoryName(Path)!);
        var folder = OpenFolder(in name[0], ReadOnlyFolder);
        if (folder < 0) throw BackupFailedException.NotSynced(Path, $"opened (error {Marshal.GetLastPInvokeError()})", aside);
        var result = SyncFile(folder);
        var error = Marshal.GetLastPInvokeError();
        _ = CloseFile(folder);
        if (result != 0) throw BackupFailedException.NotSynced(Path, $"synced (error {error})", aside);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int OpenFolder(in byte path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFile(int file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseFile(int file);
}
