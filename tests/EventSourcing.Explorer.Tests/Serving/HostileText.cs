namespace EventSourcing.Explorer.Tests.Serving;

/// <summary>Texts that somebody may have put into a store to harm who looks at it.</summary>
public static class HostileText
{
    public static IReadOnlyList<string> All { get; } =
    [
        "<script>alert(1)</script>", "</title><script>alert(2)</script>", "\"><img src=x onerror=alert(3)>", "'><svg onload=alert(4)>",
        "<!--", "--><script>alert(5)</script>",
        "</textarea><script>alert(6)</script>", "<iframe srcdoc=\"<script>alert(7)</script>\">", "javascript:alert(8)",
        "data:text/html,<script>alert(9)</script>", "&lt;script&gt;", "&amp;amp;", "&#60;b&#62;",
        "{{constructor.constructor('alert(10)')()}}", "${alert(11)}", "<%= 7*7 %>", "]]>", "<![CDATA[x]]>", "a\" onmouseover=\"alert(12)",
        "a' autofocus onfocus='alert(13)", "`-alert(14)-`", "../../../etc/passwd", "..", ".", "a/b?c=d#e&f",
        "100%25%", "a+b c", "%2e%2e%2f", "//evil.example/", "\\\\evil\\share", "<a href=//evil.example>x</a>", "<base href=//evil.example>",
        "<meta http-equiv=refresh content=0>", "<style>*{display:none}</style>", "<link rel=stylesheet href=//evil.example>",
        "مرحبا بالعالم", "e\u0301\u0327 Å ﬀ", "👩‍👩‍👧 🏴‍☠️", "\u202Egnp.exe", "𝕳𝖊𝖑𝖑𝖔 \uFEFFnul",
    ];

    /// <summary>How a page shows it: as it is, but for what cannot be seen.</summary>
    public static string Shown(string text)
    {
        var shown = new System.Text.StringBuilder();
        Html.AppendText(shown, text);
        return System.Net.WebUtility.HtmlDecode(shown.ToString());
    }
}
