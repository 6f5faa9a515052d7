using System.CommandLine;
using System.Globalization;
using System.Text;

namespace EventSourcing.Tool;

/// <summary>
/// A file that a command writes because somebody named it. It is there whole or not at all. It replaces another file only if that was said,
/// and never a store, a key or a file of checkpoints.
/// </summary>
internal sealed class OutputFile
{
    private const string Incomplete = ".incomplete";

    /// <summary>In bytes: the limit of every file system in common use, less what is appended until the file is whole.</summary>
    private static readonly int LongestName = 255 - $".12345678{Incomplete}".Length;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly string[] Devices = ["/dev/", "/proc/"];
    private readonly string _named;
    private readonly string _path;
    private readonly bool _overwrites;
    private readonly UnixFileMode _mode = OwnerOnly;

    /// <summary>Looks whether the file may be written, before anything else is done.</summary>
    /// <param name="path">The path, as it was named.</param>
    /// <param name="overwrites">Whether an existing file is replaced.</param>
    /// <param name="store">The store that its content is from: those who may not read that may not read the file either.</param>
    /// <exception cref="ToolException">It may not.</exception>
    public OutputFile(string path, bool overwrites, StoreText store)
    {
        ThrowIfKept(path, store, mayBeDatabase: false);
        _named = path;
        _path = RealPath.Of(path);
        _overwrites = overwrites;
        if (!OperatingSystem.IsWindows() && store.File is { } file && File.Exists(file)) _mode |= File.GetUnixFileMode(file);
        if (UnixFile.OtherThanFile(_path) is { } other)
            throw new ToolException($"'{path}' is {other}. Give the path of a file. Nothing was written.");
        if (!OperatingSystem.IsWindows() && Devices.Any(folder => _path.StartsWith(folder, StringComparison.Ordinal)))
            throw new ToolException($"'{path}' is no file. Leave --out out to write to standard output. Nothing was written.");
        var bytes = Encoding.UTF8.GetByteCount(Path.GetFileName(_path));
        if (bytes > LongestName)
            throw new ToolException(string.Create(
                CultureInfo.InvariantCulture,
                $"The name of '{path}' has {bytes} bytes, and may have {LongestName}: until the file is whole, it has a longer one. ")
                + "Choose a shorter one. Nothing was written.");
        ThrowIfTaken();
    }

    public static Option<bool> Overwrite() => Arguments.Flag("--overwrite", "Replaces an older file at that path.");

    /// <summary>Refuses to write over what cannot be made again.</summary>
    /// <param name="path">The path to write to.</param>
    /// <param name="store">The store of the command.</param>
    /// <param name="mayBeDatabase">Whether another database may be replaced: an older copy.</param>
    /// <exception cref="ToolException">It is such a file.</exception>
    public static void ThrowIfKept(string path, StoreText store, bool mayBeDatabase)
    {
        if (store.Owns(path) || store.IsKeyOrCheckpoints(path))
            throw new ToolException(
                $"'{path}' is the store, or its key, or where its checkpoints are kept. Choose another path. Nothing was written.");
        if (KindOf(path, mayBeDatabase) is { } kind)
            throw new ToolException($"'{path}' is {kind}, which is never replaced. Choose another path. Nothing was written.");
    }

    /// <summary>Writes the file.</summary>
    /// <typeparam name="T">What is told of it.</typeparam>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="ToolException">Meanwhile there is another file at the path, which is left as it is.</exception>
    public async Task<T> WriteAsync<T>(Func<FileStream, Task<T>> write)
    {
        // It has a name of its own until it is whole: two commands may write to one path at the same time.
        var incomplete = $"{_path}.{Path.GetFileNameWithoutExtension(Path.GetRandomFileName())}{Incomplete}";
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = _mode;
        var file = new FileStream(incomplete, options);
        try
        {
            T result;
            await using (file)
            {
                result = await write(file);
                UnixFile.Sync(file.SafeFileHandle, incomplete); // nothing of it is buffered here
            }

            ThrowIfTaken();
            File.Move(incomplete, _path, _overwrites);
            UnixFile.SyncFolder(Path.GetDirectoryName(_path)!);
            return result;
        }
        catch
        {
            File.Delete(incomplete);
            throw;
        }
    }

    /// <summary>What a file is that nobody can make again; null for others, and if nothing is there.</summary>
    private static string? KindOf(string path, bool mayBeDatabase)
    {
        // A pipe has no length. To open it would wait for its other end.
        if (new FileInfo(RealPath.Of(path)) is not { Exists: true, Length: > 0 } existing) return null;
        using var file = existing.Open(FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> buffer = stackalloc byte[16];
        var beginning = buffer[..file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)];
        return !mayBeDatabase && beginning.SequenceEqual("SQLite format 3\0"u8) ? "a SQLite database"
            : beginning.StartsWith("-----BEGIN"u8) ? "a key"
            : beginning is [2, ..] ? "a file of checkpoints"
            : null;
    }

    private void ThrowIfTaken()
    {
        if (!_overwrites && File.Exists(_path))
            throw new ToolException($"There is a file '{_named}' already. Say --overwrite to replace it. Nothing was changed.");
    }
}
