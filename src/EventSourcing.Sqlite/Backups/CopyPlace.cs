using System.Globalization;

namespace EventSourcing;

/// <summary>
/// The place for a copy of a store. The copy is made beside that place under another name; once it is whole and on the disk,
/// a single rename puts it in place. If a process was killed while making a copy, the next one removes what is left of it.
/// </summary>
/// <remarks>
/// A store that is replaced has up to four files, and they are moved aside one by one. Until the copy is in its place, a note
/// beside it says where they go (see <see cref="UnfinishedCopy"/>). If the process was killed in between, no storage opens the path, and
/// the next copy moves the rest.
/// </remarks>
internal sealed class CopyPlace : IDisposable
{
    private const string LockSuffix = "-lock";

    private readonly FileStream _lock;
    private string? _asideOfKilled;
    private bool _keepsNote;

    private CopyPlace(string path, FileStream @lock)
    {
        Path = path;
        _lock = @lock;
    }

    /// <summary>The path at which the copy will be.</summary>
    public string Path { get; }

    /// <summary>The path at which it is made.</summary>
    public string Incomplete => Path + UnfinishedCopy.Suffix;

    private string Note => Path + UnfinishedCopy.NoteSuffix;

    /// <summary>Takes the place, so that no other copy is made for it at the same time.</summary>
    /// <param name="path">The full path.</param>
    /// <param name="like">The file whose access rights the copy gets.</param>
    /// <exception cref="BackupFailedException">
    /// Another backup is making a copy for it, the folder cannot be written, or the name is too long.
    /// </exception>
    public static CopyPlace Take(string path, string like)
    {
        CopyTarget.ThrowIfTooLong(path);
        FileStream held;
        try
        {
            held = new FileStream(
                path + UnfinishedCopy.Suffix + LockSuffix,
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
            place.EndMovingAside();
            place.RemoveUnfinished();

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
            CopyTarget.ThrowIfTaken(Path, isReplaced);
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
        if (CopyTarget.Files.Any(sibling => File.Exists(Path + sibling))) return false;
        try
        {
            return MoveAll(aside, Path) is null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It stays where it is, and the error that ends the restore says where that is.
            return false;
        }
    }

    /// <summary>Moves what is at the path aside, with all the files that belong to it, so that it stays a store.</summary>
    /// <returns>The path at which it is now; null if there was nothing.</returns>
    /// <exception cref="BackupFailedException">It cannot be moved, and is where it was, or the error says where it is.</exception>
    public string? MoveAside(DateTimeOffset now)
    {
        var found = CopyTarget.Files.Where(sibling => File.Exists(Path + sibling)).ToList();
        if (found.Count == 0) return _asideOfKilled;
        var stamped = string.Create(CultureInfo.InvariantCulture, $"{Path}{CopyTarget.AsidePrefix}{now.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}");
        var aside = stamped;
        for (var i = 2; CopyTarget.Files.Any(sibling => File.Exists(aside + sibling)); i++)
            aside = string.Create(CultureInfo.InvariantCulture, $"{stamped}-{i}");

        Exception? failure;
        try
        {
            UnfinishedCopy.WriteNote(Path, System.IO.Path.GetFileName(aside));
            failure = MoveAll(Path, aside);
            if (failure is null) return aside;
        }
        catch (Exception notMovedBack) when (notMovedBack is IOException or UnauthorizedAccessException)
        {
            _keepsNote = File.Exists(aside);
            failure = notMovedBack;
        }

        var reason = $"the store there could not be moved aside ({failure.Message})";
        throw _keepsNote
            ? BackupFailedException.MovedInPart(Path, reason, aside, failure)
            : new BackupFailedException(Path, reason, failure);
    }

    /// <summary>Moves a database with the files beside it.</summary>
    /// <returns>Why one of them could not be moved; then all are where they were. Null if all are moved.</returns>
    /// <exception cref="IOException">One of them could not be moved, nor the others back.</exception>
    private static Exception? MoveAll(string from, string to)
    {
        var moved = new List<string>();
        try
        {
            // The database file goes first: without its log it would look like a whole, older store.
            foreach (var sibling in CopyTarget.Files.Where(sibling => File.Exists(from + sibling)))
            {
                File.Move(from + sibling, to + sibling);
                moved.Add(sibling);
            }

            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            moved.Reverse();
            foreach (var sibling in moved) File.Move(to + sibling, from + sibling);
            return failure;
        }
    }

    /// <summary>Moves the rest of a store whose first file a killed process has moved aside.</summary>
    private void EndMovingAside()
    {
        if (File.Exists(Path) || UnfinishedCopy.ReadNote(Path) is not { } name) return;
        var aside = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, name);
        var prefix = System.IO.Path.GetFileName(Path) + CopyTarget.AsidePrefix;
        if (!name.StartsWith(prefix, StringComparison.Ordinal) || !File.Exists(aside)) return;
        _keepsNote = true; // until all of it is moved
        foreach (var sibling in CopyTarget.Files.Where(sibling => File.Exists(Path + sibling))) File.Move(Path + sibling, aside + sibling);
        _asideOfKilled = aside;
    }

    /// <summary>Removes what is not in its place, and gives the place up.</summary>
    public void Dispose()
    {
        try
        {
            RemoveUnfinished();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The error that ended the copy says more. What is left here is removed by the next copy at this path.
        }
        finally
        {
            _lock.Dispose();
        }
    }

    private void RemoveUnfinished()
    {
        foreach (var sibling in CopyTarget.Files) File.Delete(Incomplete + sibling);
        if (!_keepsNote) File.Delete(Note);
    }

    /// <summary>Makes the name of the copy durable, which is in its place.</summary>
    private void SyncFolder(string? aside)
    {
        _keepsNote = false;
        try
        {
            UnixFile.SyncFolder(System.IO.Path.GetDirectoryName(Path)!);
        }
        catch (IOException failure)
        {
            throw BackupFailedException.NotSynced(Path, failure, aside);
        }
    }
}
