using System.Text;

namespace EventSourcing;

/// <summary>The range of the names that begin with a prefix.</summary>
internal static class NamePrefix
{
    /// <summary>
    /// The bound right after all names that begin with a prefix: the prefix with its last byte raised by one. No byte of
    /// UTF-8 is so high that this could overflow, and SQLite compares names by their bytes.
    /// </summary>
    public static byte[] EndOf(string prefix)
    {
        var end = Encoding.UTF8.GetBytes(prefix);
        end[^1]++;
        return end;
    }
}
