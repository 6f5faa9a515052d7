namespace Banking;

/// <summary>Reads files that are small, or else no such file: pipes and devices have no length that could be asked for.</summary>
internal static class SmallFile
{
    /// <summary>Reads a file, but never more than a limit.</summary>
    /// <returns>The file's bytes; null if there are more than that.</returns>
    public static byte[]? Read(string path, int limit)
    {
        using var file = File.OpenRead(path);
        var bytes = new byte[limit + 1];
        var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return length <= limit ? bytes[..length] : null;
    }
}
