namespace EventSourcing.Package.Tests;

/// <summary>The checkout that these tests were built from.</summary>
internal static class SourceTree
{
    private static readonly string[] Generated = ["bin", "obj", "artifacts", "TestResults"];

    public static string Root { get; } = FindRoot();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>Files under a folder of the tree, relative to the root and with forward slashes, without what builds leave behind.</summary>
    public static IEnumerable<string> FilesUnder(string folder) => Walk(PathOf(folder)).Select(Relative).Order(StringComparer.Ordinal);

    public static IEnumerable<string> FoldersUnder(string folder) =>
        Directory.EnumerateDirectories(PathOf(folder)).Where(IsOurs).SelectMany(sub => FoldersUnder(Relative(sub)).Prepend(Relative(sub)));

    public static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    private static IEnumerable<string> Walk(string folder) =>
        Directory.EnumerateFiles(folder).Concat(Directory.EnumerateDirectories(folder).Where(IsOurs).SelectMany(Walk));

    private static bool IsOurs(string folder)
    {
        var name = Path.GetFileName(folder);
        return !Generated.Contains(name, StringComparer.OrdinalIgnoreCase) && name is not (".git" or ".vs" or ".idea");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "EventSourcing.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} has EventSourcing.sln.");
    }
}
