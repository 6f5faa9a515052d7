// Commands name files by relative paths, as people do, and the current folder is one for the whole process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace EventSourcing.Tool.Tests;

/// <summary>A folder of a test's own, in which its commands run. It is gone with the test.</summary>
internal sealed class WorkFolder : IDisposable
{
    private readonly string _before = Directory.GetCurrentDirectory();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("evs-tests-");

    public WorkFolder() => Directory.SetCurrentDirectory(_folder.FullName);

    public string FullName => _folder.FullName;

    public IEnumerable<string> FileNames => _folder.EnumerateFileSystemInfos().Select(entry => entry.Name).Order(StringComparer.Ordinal);

    public void Dispose()
    {
        Directory.SetCurrentDirectory(_before);
        _folder.Delete(recursive: true);
    }
}
