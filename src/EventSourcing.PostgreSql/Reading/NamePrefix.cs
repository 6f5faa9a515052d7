using System.Text;

namespace EventSourcing;

/// <summary>The range of the names that begin with a prefix.</summary>
internal static class NamePrefix
{
    /// <summary>
    /// The first text, by code point, that comes after all names with a prefix; <see langword="null"/> if no text does. The prefix
    /// is valid in a name.
    /// </summary>
    public static string? EndOf(string prefix)
    {
        var runes = prefix.EnumerateRunes().ToList();
        while (runes.Count > 0)
        {
            var last = runes[^1].Value;
            runes.RemoveAt(runes.Count - 1);
            if (last == 0x10FFFF) continue;
            var next = last + 1 is >= 0xD800 and <= 0xDFFF ? 0xE000 : last + 1;
            return string.Concat(runes.Append(new Rune(next)).Select(rune => rune.ToString()));
        }

        return null;
    }
}
