using System.Globalization;
using System.Text;

namespace EventSourcing;

/// <summary>Looks whether there can be a copy of a store at a path, before one is made.</summary>
internal static class CopyTarget
{
    /// <summary>What is appended to the name of a store that is moved aside; the time follows.</summary>
    public const string AsidePrefix = ".replaced-";

    /// <summary>What is appended to a store's name for each of its files.</summary>
    public static readonly string[] Files = ["", StoreFile.JournalSuffix, StoreFile.LogSuffix, StoreFile.IndexSuffix];

    /// <summary>In bytes: the limit of every file system in common use, less the longest that is appended to a name here.</summary>
    private static readonly int LongestName = 255 - $"{AsidePrefix}20261130T120000Z-99{StoreFile.JournalSuffix}".Length;

    /// <summary>Refuses a place at which there is already a file, or a file beside it that SQLite would apply to the copy.</summary>
    /// <exception cref="BackupFailedException">There is one, or the name is too long.</exception>
    public static void ThrowIfTaken(string path, bool isReplaced)
    {
        ThrowIfTooLong(path);
        ThrowIfNoFile(path);
        if (!isReplaced && File.Exists(path))
            throw new BackupFailedException(
                path, "there is a file at this path already. Choose another one, or say that it is to be replaced.");
        foreach (var sibling in Files.Skip(1))
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

    /// <summary>Refuses a name to which nothing more can be appended.</summary>
    /// <exception cref="BackupFailedException">It is too long.</exception>
    public static void ThrowIfTooLong(string path)
    {
        var bytes = Encoding.UTF8.GetByteCount(Path.GetFileName(path));
        if (bytes > LongestName)
            throw new BackupFailedException(path, string.Create(
                CultureInfo.InvariantCulture,
                $"its name has {bytes} bytes, and the name of a copy may have {LongestName}: file systems take 255, "
                + $"and more is appended to it while the copy is made. Choose a shorter one."));
    }
}
