using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace EventSourcing;

/// <summary>Distinguishes paths from other things that people pass as a database, before a file of that name is made.</summary>
internal static partial class StorePath
{
    /// <summary>In bytes: the limit of every file system in common use, less what SQLite appends for the files beside it.</summary>
    private static readonly int LongestName = 255 - StoreFile.JournalSuffix.Length;

    /// <summary>In bytes, on Unix: a limit of SQLite's own.</summary>
    private const int PathTooLong = 512;

    private const string InMemory =
        "For a store that is gone with the test use SqliteEventStorage.CreateTemporary, or InMemoryEventStorage if it needs no SQL.";

    /// <summary>The absolute path.</summary>
    /// <exception cref="ArgumentException">It is not the path of a file.</exception>
    public static string Absolute(string path, string parameter)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path, parameter);
        if (path.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException("The path contains a NUL character. Remove it.", parameter);
        var start = path.TrimStart();
        if (start.StartsWith(":memory:", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"'{path}' is SQLite's name for a database in memory, not a path. {InMemory}", parameter);
        if (start.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"'{path}' is a URI, not a path. Give the path alone, such as 'shop.db'. {InMemory}", parameter);
        if (ConnectionString().IsMatch(path))
        {
            throw new ArgumentException(
                $"'{path}' is a connection string, not a path. Give the path alone, such as 'shop.db'; "
                + "settings are in SqliteEventStorageOptions. " +
                "If a file is really called so, put './' before its name.",
                parameter);
        }

        if (Path.EndsInDirectorySeparator(path) || Path.GetFileName(path) is "." or "..")
            throw new ArgumentException($"'{path}' is the path of a folder. Add the name of a file in it, such as 'shop.db'.", parameter);
        if (Sibling().IsMatch(path))
            throw new ArgumentException(
                $"'{path}' has the name of a file that SQLite keeps beside a database. Give the database's path, without the ending.",
                parameter);
        return Path.GetFullPath(path);
    }

    /// <summary>The file's own name if the path is a symbolic link to it: the names of the files beside it begin with that name.</summary>
    public static string TargetOf(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no file yet, or the links lead nowhere: SQLite refuses links that it cannot follow.
            return path;
        }
    }

    /// <summary>Why no file can be opened at a path, and what to do about it; null if the cause is not the path itself.</summary>
    /// <param name="path">The path.</param>
    public static string? FlawOf(string path)
    {
        path = Path.GetFullPath(path);
        if (IsTooLong(path, out var bytes))
            return string.Create(
                CultureInfo.InvariantCulture,
                $"The file's name has {bytes} bytes. A store's name may have {LongestName}: file systems take 255, and SQLite "
                + $"appends up to {StoreFile.JournalSuffix.Length} for the files beside it. Choose a shorter one.");
        if (HasCircle(path)) return $"The symbolic links at '{path}' lead in a circle. Give the path of the file itself.";
        var target = TargetOf(path);
        if ((FirstForbidden(path) ?? FirstForbidden(target)) is { } forbidden)
            return $"This user may not enter the folder '{forbidden}'. Give the user the right to, or choose another path.";
        if (target != path && Directory.GetParent(target) is { Exists: false } lost)
            return $"'{path}' is a symbolic link to '{target}', and there is no folder '{lost.FullName}'. Create it, or mend the link.";
        var folder = Path.GetDirectoryName(path);
        string? missing = null;
        for (; folder is not null && !Directory.Exists(folder); folder = Path.GetDirectoryName(folder)) missing = folder;
        if (missing is null) return FlawOfLength(target);
        if (Path.Exists(missing)) return $"'{missing}' is not a folder that can be entered. Check the path.";
        return Path.GetFileName(missing) == "~"
            ? $"There is no folder '{missing}': '~' means the home folder to a shell, and nothing to a program. Give the whole path."
            : $"There is no folder '{missing}'. Create it, or check the path.";
    }

    /// <summary>Whether the names of the files beside a store would be longer than any file system takes.</summary>
    /// <param name="path">The store's path.</param>
    /// <param name="bytes">The bytes of its name.</param>
    public static bool IsTooLong(string path, out int bytes)
    {
        bytes = Encoding.UTF8.GetByteCount(Path.GetFileName(path));
        return bytes > LongestName;
    }

    private static bool HasCircle(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true) is { LinkTarget: not null };
        }
        catch (IOException e) when (e is not FileNotFoundException and not DirectoryNotFoundException)
        {
            return true; // the one other cause is a circle
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string? FlawOfLength(string path) =>
        !OperatingSystem.IsWindows() && Encoding.UTF8.GetByteCount(path) is >= PathTooLong and var bytes
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"The path has {bytes} bytes, and SQLite takes fewer than {PathTooLong}. Choose a shorter one.")
            : null;

    /// <summary>The first folder on the way to a path that this user may not enter; null if there is none.</summary>
    private static string? FirstForbidden(string path)
    {
        string? forbidden = null;
        for (var below = path; Path.GetDirectoryName(below) is { } folder; below = folder)
        {
            if (IsHidden(below)) forbidden = folder;
        }

        return forbidden;
    }

    private static bool IsHidden(string path)
    {
        try
        {
            File.GetAttributes(path);
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
        catch (IOException)
        {
            return false; // there is nothing, or it cannot be reached for another cause
        }
    }

    [GeneratedRegex(
        @"^\s*(data\s*source|filename|mode|cache|password|pooling|foreign\s+keys|recursive\s+triggers|"
        + @"(default|command)\s+timeout|vfs|version|(full)?uri|server)\s*=",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ConnectionString();

    [GeneratedRegex("-(wal|shm|journal)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Sibling();
}
