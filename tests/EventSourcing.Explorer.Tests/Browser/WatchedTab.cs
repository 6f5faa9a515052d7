using Microsoft.Playwright;

namespace EventSourcing.Explorer.Tests.Browser;

/// <summary>A tab of a browser that keeps what went wrong in it: errors, violations of the content policy, dialogs, requests
/// elsewhere.</summary>
public sealed class WatchedTab : IAsyncDisposable
{
    private readonly List<string> _troubles = [];
    private readonly IBrowserContext _context;

    private WatchedTab(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
    }

    public IPage Page { get; }

    public static async Task<WatchedTab> OpenAsync(IBrowser browser, BrowserNewContextOptions options)
    {
        var context = await browser.NewContextAsync(options);
        context.SetDefaultTimeout(20_000);
        var tab = new WatchedTab(context, await context.NewPageAsync());
        if (options.JavaScriptEnabled != false)
            await tab.Page.AddInitScriptAsync(
                "window.violations = []; addEventListener('securitypolicyviolation', e => window.violations.push(e.violatedDirective + ' ' + e.blockedURI));");
        tab.Page.Console += (_, message) =>
            tab.Note(
                message.Type == "error" && !message.Text.Contains("the server responded with a status", StringComparison.Ordinal),
                $"console: {message.Text}");
        tab.Page.PageError += (_, error) => tab.Note(true, $"error: {error}");
        tab.Page.Dialog += (_, dialog) =>
        {
            tab.Note(true, $"dialog: {dialog.Message}");
            _ = dialog.DismissAsync();
        };
        tab.Page.Request += (_, request) =>
            tab.Note(!request.Url.StartsWith("http://127.0.0.1:", StringComparison.Ordinal), $"request: {request.Url}");
        return tab;
    }

    public async Task GoToAsync(Uri explorer, string page) => (await Page.GotoAsync(new Uri(explorer, page).ToString()))!.Status
        .Should().BeLessThan(400, page);

    /// <summary>Asserts that nothing has gone wrong so far.</summary>
    public async Task AssertQuietAsync(string because, bool hasScript = true)
    {
        var violations = hasScript ? await Page.EvaluateAsync<string[]>("window.violations") : [];
        lock (_troubles) _troubles.Concat(violations).Should().BeEmpty(because);
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    private void Note(bool isTrouble, string text)
    {
        if (!isTrouble) return;
        lock (_troubles) _troubles.Add(text);
    }
}
