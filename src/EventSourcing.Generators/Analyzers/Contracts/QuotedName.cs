using System.Globalization;
using System.Text;

namespace EventSourcing.Generators.Analyzers;

/// <summary>
/// A name in quotes, within one line: <c>"</c> and <c>\</c> in it stand after a <c>\</c>, and characters that end a line, or are half a
/// character, are written as <c>\u2028</c>.
/// </summary>
internal static class QuotedName
{
    public static string Of(string name)
    {
        var text = new StringBuilder("\"");
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i];
            if (c is '"' or '\\') text.Append('\\').Append(c);
            else if (IsBreak(c) || (char.IsSurrogate(c) && !IsInPair(name, i)))
                text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
            else text.Append(c);
        }

        return text.Append('"').ToString();
    }

    /// <summary>The index of the quote that ends a text; -1 if none does.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">The index of the quote that begins it.</param>
    public static int EndIn(string text, int start)
    {
        for (var i = start + 1; i < text.Length; i++)
        {
            if (text[i] == '\\') i++;
            else if (text[i] == '"') return i;
        }

        return -1;
    }

    /// <summary>The name that a text with its quotes stands for; null if it is not one.</summary>
    public static string? Read(string quoted)
    {
        if (quoted.Length < 2 || quoted[0] != '"' || EndIn(quoted, 0) != quoted.Length - 1) return null;
        var name = new StringBuilder();
        for (var i = 1; i < quoted.Length - 1; i++)
        {
            if (quoted[i] != '\\')
            {
                name.Append(quoted[i]);
                continue;
            }

            i++;
            if (quoted[i] is '"' or '\\')
            {
                name.Append(quoted[i]);
                continue;
            }

            if (quoted[i] != 'u' || i + 4 >= quoted.Length - 1 || !ushort.TryParse(
                quoted.Substring(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
                return null;
            name.Append((char)code);
            i += 4;
        }

        return name.ToString();
    }

    /// <summary>Whether a character ends a line for the compiler.</summary>
    public static bool IsBreak(char c) => c is '\r' or '\n' or '\u0085' or '\u2028' or '\u2029';

    private static bool IsInPair(string text, int i) => char.IsHighSurrogate(text[i])
        ? i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])
        : i > 0 && char.IsHighSurrogate(text[i - 1]);
}
