namespace EventSourcing.Explorer;

/// <summary>Writes what is around the content of every page.</summary>
internal static class Layout
{
    private static readonly (string Address, string Title, string[] Pages)[] Sections =
    [
        ("./", "Overview", [""]), ("log", "Log", ["log", "event", "trace"]), ("streams", "Streams", ["streams", "stream"]),
        ("types", "Types", ["types"]),
        ("projections", "Projections", ["projections", "projection"]),
        ("read-models", "Read models", ["read-models", "read-model", "document"]),
        ("ledger", "Ledger", ["ledger"]),
    ];

    /// <param name="options">The options of the explorer.</param>
    /// <param name="name">The name of the page.</param>
    /// <param name="page">The request; null if it was refused, so that nothing of the store may be shown.</param>
    /// <param name="answer">What the page says.</param>
    public static Html Of(EventExplorerOptions options, string name, PageContext? page, Answer answer) => Html.Of($"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        <meta name="color-scheme" content="light dark">
        <title>{answer.Title} · {options.Title}</title>
        <link rel="stylesheet" href="{Asset.Styles.Address}">
        <link rel="icon" href="{Asset.Icon.Address}" type="image/svg+xml">
        <script src="{Asset.Script.Address}" defer></script>
        {Html.When(answer.InMotion is not null, $"{Refresh(name, page)}")}
        </head>
        <body{Html.When(answer.InMotion is not null, $" data-motion=\"{answer.InMotion}\"")}>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="top"><div class="bar"><a class="brand" href="./">{Mark}<span>{options.Title}</span></a>
        {Html.When(page is not null, $"{Search}")}</div>
        {Html.When(page is not null, $"{Navigation(name)}")}
        </header>
        <main id="main" tabindex="-1">
        {Html.When(page is { Payloads.AreShown: false }, $"{Hidden}")}
        {answer.Body}
        </main>
        </body>
        </html>
        """);

    /// <summary>
    /// Loads the page again after a while. The address is given because a browser that is at a fragment of the page would otherwise only
    /// scroll to the fragment.
    /// </summary>
    private static Html Refresh(string name, PageContext? page) =>
        Html.Of($"<noscript><meta http-equiv=\"refresh\" content=\"2; url={name}{page?.QueryString}\"></noscript>");

    private static Html Mark => Html.Of($"""
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 6h16M4 12h11M4 18h6"/>
        <circle cx="19" cy="12" r="1.6"/><circle cx="14" cy="18" r="1.6"/></svg>
        """);

    private static Html Search => Html.Of($"""
        <form class="go" action="go" role="search"><label class="hidden" for="to">Go to a stream, a position or an event id</label>
        <input id="to" name="to" type="search" placeholder="Stream, position or event id"
            autocomplete="off" spellcheck="false" maxlength="200">
        <kbd aria-hidden="true">/</kbd></form>
        """);

    private static Html Hidden => Parts.Notice("info", "Payloads are hidden.", "You see types, streams, positions and times, and no data.");

    private static Html Navigation(string name) => Html.Of($"""
        <nav aria-label="Pages"><ul>{Sections.Select(section => Item(section.Address, section.Title, section.Pages, name))}</ul></nav>
        """);

    private static Html Item(string address, string title, string[] pages, string name)
    {
        var current = Html.When(pages.Contains(name), $" aria-current=\"{(pages[0] == name ? "page" : "true")}\"");
        return Html.Of($"<li><a href=\"{address}\"{current}>{title}</a></li>");
    }
}
