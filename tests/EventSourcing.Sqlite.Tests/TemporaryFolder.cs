namespace EventSourcing.Sqlite.Tests;

/// <summary>A folder for one test's files, gone with it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("es-tests-");

    public string FileNamed(string name) => Path.Combine(_folder.FullName, name);

    public string Store => FileNamed("store.db");

    public void Dispose() => _folder.Delete(recursive: true);
}
