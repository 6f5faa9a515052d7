using System.Text;

namespace EventSourcing.Tool;

/// <summary>Reads files that are small or else not what they should be: pipes and devices have no length that could be asked for.</summary>
internal static class SmallFile
{
    private const int LongestKey = 64 * 1024;

    /// <summary>Reads a file, but never more than a limit.</summary>
    /// <returns>The file's bytes; null if there are more than that.</returns>
    /// <exception cref="ToolException">There is no such file.</exception>
    public static byte[]? Read(string path, int limit)
    {
        if (!File.Exists(path)) throw new ToolException($"There is no file '{path}'.");
        using var file = File.OpenRead(path);
        var bytes = new byte[limit + 1];
        var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return length <= limit ? bytes[..length] : null;
    }

    /// <summary>The text of a file that holds a key.</summary>
    /// <exception cref="ToolException">There is no such file, or it is too long.</exception>
    public static string ReadKey(string path)
    {
        var bytes = Read(path, LongestKey) ?? throw new ToolException($"The file '{path}' is too long for a key.");
        using var reader = new StreamReader(new MemoryStream(bytes), Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
