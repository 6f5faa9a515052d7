namespace EventSourcing.Tamper;

/// <summary>A folder for files that are opened thousands of times: in memory where the system has such a place.</summary>
internal sealed class WorkFolder : IDisposable
{
    private const string Memory = "/dev/shm";

    public WorkFolder() => Path = Directory.CreateDirectory(System.IO.Path.Combine(Directory.Exists(Memory) ? Memory : System.IO.Path.GetTempPath(), $"tamper-{Guid.NewGuid():N}")).FullName;

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Deletes a database and what stands beside it.</summary>
    public static void Delete(string database)
    {
        foreach (var suffix in (string[])["", "-wal", "-shm", "-journal"]) System.IO.File.Delete(database + suffix);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
