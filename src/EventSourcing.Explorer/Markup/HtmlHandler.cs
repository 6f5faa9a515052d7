using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace EventSourcing.Explorer;

/// <summary>Makes HTML from an interpolated string. A value in it that is not HTML already is always encoded.</summary>
[InterpolatedStringHandler]
internal readonly ref struct HtmlHandler
{
    private readonly StringBuilder _html;

    public HtmlHandler(int literalLength, int formattedCount) => _html = new StringBuilder(literalLength + (formattedCount * 24));

    public HtmlHandler(int literalLength, int formattedCount, bool condition, out bool isNeeded)
    {
        isNeeded = condition;
        _html = condition ? new StringBuilder(literalLength + (formattedCount * 24)) : null!;
    }

    public string Text => _html.ToString();

    public void AppendLiteral(string html) => _html.Append(html);

    public void AppendFormatted(Html html) => _html.Append(html.ToString());

    public void AppendFormatted(IEnumerable<Html> parts)
    {
        foreach (var part in parts) _html.Append(part.ToString());
    }

    public void AppendFormatted(string? text) => Html.AppendText(_html, text);

    public void AppendFormatted(long number) => _html.Append(CultureInfo.InvariantCulture, $"{number}");
}
