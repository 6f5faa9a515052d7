using System.Text;

namespace EventSourcing;

/// <summary>The range of the names that begin with a prefix.</summary>
internal static class NamePrefix
{
    /// <summary>Whether a name is the prefix itself or comes after it in the order of SQLite's indexes, which is by code points.</summary>
    public static bool IsAtOrAfter(string name, string prefix) =>
        Encoding.UTF8.GetBytes(name).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(prefix)) >= 0;

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
