namespace EventSourcing.Tool;

/// <summary>Tells whether two paths lead to one file, through symbolic links to it or to a folder above it.</summary>
internal static class RealPath
{
    /// <summary>As many links as Linux follows before it takes them for a circle.</summary>
    private const int MostLinks = 40;

    /// <summary>The full path without symbolic links. It need not exist.</summary>
    public static string Of(string path) => Of(Path.GetFullPath(path), MostLinks);

    public static bool AreSame(string one, string other) => string.Equals(
        Of(one), Of(other), OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase);

    private static string Of(string path, int links)
    {
        if (Path.GetDirectoryName(path) is not { } folder) return path;
        folder = Of(folder, links);
        path = Path.Join(folder, Path.GetFileName(path));
        return links > 0 && LinkOf(path) is { } target ? Of(Path.GetFullPath(target, folder), links - 1) : path;
    }

    private static string? LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It cannot be looked at, so whoever opens it is refused.
            return null;
        }
    }
}
