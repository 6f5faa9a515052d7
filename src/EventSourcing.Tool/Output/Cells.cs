using System.Globalization;
using System.Text;

namespace EventSourcing.Tool;

/// <summary>Text as it may stand on a terminal: on one line, without anything that controls the terminal, measured in columns.</summary>
internal static class Cells
{
    private const char Ellipsis = '…';

    // Blocks whose characters take two columns, as the widest terminals agree on: East Asian scripts and emoji.
    private static readonly (int First, int Last)[] Wide =
    [
        (0x1100, 0x115F), (0x2E80, 0x303E), (0x3041, 0x33FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA000, 0xA4CF), (0xAC00, 0xD7A3),
        (0xF900, 0xFAFF), (0xFE30, 0xFE4F), (0xFF00, 0xFF60), (0xFFE0, 0xFFE6), (0x1F300, 0x1F64F), (0x1F680, 0x1F6FF), (0x1F900, 0x1F9FF),
        (0x20000, 0x3FFFD),
    ];

    /// <summary>The text on one line. What would control the terminal, or turn the direction of the text, becomes U+FFFD.</summary>
    public static string OneLine(string text)
    {
        if (!text.Any(IsUnsafe)) return text;
        return string.Concat(text.ReplaceLineEndings(" ").Select(c => IsUnsafe(c) ? '\uFFFD' : c));
    }

    /// <summary>How many columns a text takes.</summary>
    public static int Width(string text)
    {
        var width = 0;
        foreach (var rune in text.EnumerateRunes()) width += Width(rune);
        return width;
    }

    /// <summary>The text, cut to a number of columns; what is cut ends in an ellipsis.</summary>
    public static string Cut(string text, int columns)
    {
        if (text.Length <= columns && Width(text) <= columns) return text;
        var kept = new StringBuilder();
        var width = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (width + Width(rune) > columns - 1) break;
            width += Width(rune);
            kept.Append(rune);
        }

        return kept.Append(Ellipsis).ToString();
    }

    /// <summary>The text in lines of at most a number of columns, broken at spaces if there are some.</summary>
    public static IEnumerable<string> Wrap(string text, int columns)
    {
        var line = new StringBuilder();
        var width = 0;
        foreach (var word in text.Split(' '))
        {
            var length = Width(word);
            if (width > 0 && width + 1 + length > columns)
            {
                yield return line.ToString();
                line.Clear();
                width = 0;
            }

            if (width > 0 || line.Length > 0)
            {
                line.Append(' ');
                width++;
            }

            line.Append(word);
            width += length;
        }

        yield return line.ToString();
    }

    public static string PadLeft(string text, int columns) => new string(' ', Math.Max(0, columns - Width(text))) + text;

    public static string PadRight(string text, int columns) => text + new string(' ', Math.Max(0, columns - Width(text)));

    private static bool IsUnsafe(char c) =>
        c is < ' ' or (>= '\x7F' and < '\xA0') or '\u2028' or '\u2029'
        || (c > '\xA0' && char.GetUnicodeCategory(c) == UnicodeCategory.Format);

    private static int Width(Rune rune)
    {
        if (rune.Value < 0x300) return 1;
        if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark) return 0;
        foreach (var (first, last) in Wide)
        {
            if (rune.Value < first) return 1;
            if (rune.Value <= last) return 2;
        }

        return 1;
    }
}
