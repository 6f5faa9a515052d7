using System.Text.RegularExpressions;

namespace EventSourcing;

/// <summary>Distinguishes paths from other things that people pass as a database, before a file of that name is made.</summary>
internal static partial class StorePath
{
    private const string InMemory = "For a store that is gone with the test use SqliteEventStorage.CreateTemporary, or InMemoryEventStorage if it needs no SQL.";

    /// <summary>The absolute path.</summary>
    /// <exception cref="ArgumentException">It is not the path of a file.</exception>
    public static string Absolute(string path, string parameter)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path, parameter);
        if (path.Contains('\0', StringComparison.Ordinal)) throw new ArgumentException("The path contains a NUL character. Remove it.", parameter);
        var start = path.TrimStart();
        if (start.StartsWith(":memory:", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"'{path}' is SQLite's name for a database in memory, not a path. {InMemory}", parameter);
        if (start.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"'{path}' is a URI, not a path. Give the path alone, such as 'shop.db'. {InMemory}", parameter);
        if (ConnectionString().IsMatch(path))
        {
            throw new ArgumentException(
                $"'{path}' is a connection string, not a path. Give the path alone, such as 'shop.db'; settings are in SqliteEventStorageOptions. " +
                "If a file is really called so, put './' before its name.",
                parameter);
        }

        if (Path.EndsInDirectorySeparator(path) || Path.GetFileName(path) is "." or "..")
            throw new ArgumentException($"'{path}' is the path of a folder. Add the name of a file in it, such as 'shop.db'.", parameter);
        if (Sibling().IsMatch(path))
            throw new ArgumentException($"'{path}' has the name of a file that SQLite keeps beside a database. Give the database's path, without the ending.", parameter);
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

    [GeneratedRegex(
        @"^\s*(data\s*source|filename|mode|cache|password|pooling|foreign\s+keys|recursive\s+triggers|(default|command)\s+timeout|vfs|version|(full)?uri|server)\s*=",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ConnectionString();

    [GeneratedRegex("-(wal|shm|journal)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Sibling();
}
