using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace EventSourcing.Explorer;

/// <summary>
/// HTML that is safe to send. The only ways to make it are an interpolated string, of which every hole is encoded, and parts that are
/// HTML already.
/// </summary>
internal readonly struct Html
{
    private static readonly SearchValues<char> Special = SearchValues.Create("&<>\"'\r");
    private readonly string? _text;

    private Html(string text) => _text = text;

    public static Html None => default;

    public bool IsEmpty => string.IsNullOrEmpty(_text);

    /// <summary>The HTML of an interpolated string: its text as it is, and its holes encoded.</summary>
    public static Html Of(HtmlHandler content) => new(content.Text);

    /// <summary>The same, or nothing if a condition does not hold; then the holes are not evaluated.</summary>
    public static Html When(bool condition, [InterpolatedStringHandlerArgument(nameof(condition))] HtmlHandler content) =>
        condition ? new(content.Text) : None;

    /// <summary>One after the other.</summary>
    public static Html Join(IEnumerable<Html> parts, string between = "")
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            if (part.IsEmpty) continue;
            if (text.Length > 0) text.Append(between);
            text.Append(part._text);
        }

        return new Html(text.ToString());
    }

    /// <summary>
    /// A text as the value of an attribute that is sent back, such as that of a form's field. It comes back as the very same text, which
    /// what <see cref="AppendText"/> writes need not.
    /// </summary>
    public static Html Value(string? text)
    {
        var written = new StringBuilder();
        foreach (var c in text ?? "") AppendEncoded(written, c);
        return new Html(written.ToString());
    }

    /// <summary>
    /// Appends a text to be looked at. What a browser would not show, or would take as an order to turn the text around, is written as an
    /// escape that can be seen.
    /// </summary>
    public static void AppendText(StringBuilder to, ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is >= ' ' and < '\u007F') AppendEncoded(to, c);
            else if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) to.Append(c).Append(text[++i]);
            else if (char.IsSurrogate(c) || IsHidden(c)) to.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
            else to.Append(c);
        }
    }

    public override string ToString() => _text ?? "";

    /// <summary>The joiners are not hidden: scripts and emoji need them.</summary>
    private static bool IsHidden(char c) => c switch
    {
        '\n' or '\t' or '\u200C' or '\u200D' => false,
        _ => CharUnicodeInfo.GetUnicodeCategory(c)
            is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator,
    };

    private static void AppendEncoded(StringBuilder to, char c)
    {
        if (!Special.Contains(c))
        {
            to.Append(c);
            return;
        }

        to.Append(c switch { '&' => "&amp;", '<' => "&lt;", '>' => "&gt;", '"' => "&quot;", '\r' => "&#13;", _ => "&#39;" });
    }
}
