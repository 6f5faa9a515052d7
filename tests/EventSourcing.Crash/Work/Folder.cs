namespace EventSourcing.Crash;

/// <summary>A folder for the stores of one fault, gone with it.</summary>
internal sealed class Folder : IDisposable
{
    private readonly string _path;

    private Folder(string parent) => _path = Directory.CreateDirectory(System.IO.Path.Combine(parent, $"es-crash-{Guid.NewGuid():N}")).FullName;

    public string Path => _path;

    /// <summary>On a disk, where a sync takes its time and a kill may hit it.</summary>
    public static Folder OnDisk() => new(System.IO.Path.GetTempPath());

    /// <summary>In memory where the system has such a place: where it is the order of calls that counts.</summary>
    public static Folder InMemory() => new(Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath());

    public string FileNamed(string name) => System.IO.Path.Combine(_path, name);

    public void Dispose() => Directory.Delete(_path, recursive: true);

    /// <summary>Removes a store that nobody has open.</summary>
    public static void DeleteStore(string store)
    {
        foreach (var suffix in (string[])["", "-wal", "-shm", "-journal"]) File.Delete(store + suffix);
    }
}
