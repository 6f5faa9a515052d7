using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using EventSourcing.Explorer.Tests.Bank;
using EventSourcing.Explorer.Tests.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.Playwright;

namespace EventSourcing.Explorer.Tests.Browser;

[Collection(nameof(BrowserHost))]
public class PagesInBrowserTests(BrowserHost browser)
{
    /// <summary>What is in order is not told: to describe it and hand it over takes most of the time.</summary>
    private static readonly AxeRunOptions Violations = new() { ResultTypes = [ResultType.Violations] };

    [BrowserFact]
    public async Task Every_page_keeps_the_strict_policy_and_fits_a_narrow_screen()
    {
        await using var tab = await browser.OpenAsync(
            new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 360, Height = 740 } });
        foreach (var page in SampleHost.PagesOf(browser.Bank))
        {
            await tab.GoToAsync(browser.Explorer, page);
            (await tab.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"))
                .Should().BeLessThanOrEqualTo(360, "{0} is not wider than the screen", page);
            await tab.AssertQuietAsync(page);
        }
    }

    [BrowserFact]
    public async Task Pages_are_accessible_in_the_light_and_in_the_dark()
    {
        // The dark has the same pages in other colours: those that have all of them are enough.
        var all = PagesToCheck(browser.Bank);
        await AssertAccessibleAsync(ColorScheme.Light, all);
        await AssertAccessibleAsync(ColorScheme.Dark, [all[0], all[3], all[8]]);
    }

    [BrowserFact]
    public async Task Pages_work_without_a_script()
    {
        await using var tab = await browser.OpenAsync(new BrowserNewContextOptions { JavaScriptEnabled = false });
        await tab.GoToAsync(browser.Explorer, "");
        await tab.Page.GetByRole(AriaRole.Searchbox).FillAsync("account-ann");
        await tab.Page.Keyboard.PressAsync("Enter");
        await tab.Page.GetByLabel("As of version").FillAsync("2");
        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Show" }).ClickAsync();
        await Assertions.Expect(tab.Page.Locator(".state")).ToContainTextAsync("400");
        await tab.Page.GetByRole(AriaRole.Link, new() { Name = "Version 1, " }).ClickAsync();
        await Assertions.Expect(tab.Page.Locator("h1")).ToHaveTextAsync("account-opened");
        await tab.Page.GetByText("As text, ").ClickAsync();
        await Assertions.Expect(tab.Page.Locator("pre")).ToBeVisibleAsync();
        await tab.Page.GetByRole(AriaRole.Link, new() { Name = "Ledger" }).ClickAsync();
        browser.Bank.Counting.HoldAudits();
        await tab.Page.Locator("#verification button").ClickAsync();
        await Assertions.Expect(tab.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel" })).ToBeVisibleAsync();
        browser.Bank.Counting.LetAuditsGo();
        await Assertions.Expect(tab.Page.Locator("#verification")).ToContainTextAsync("The log is sound.");
        (await tab.Page.Locator("[data-live]:visible").CountAsync()).Should().Be(0);
        await tab.AssertQuietAsync("without a script", hasScript: false);
    }

    [BrowserFact]
    public async Task Live_log_shows_what_is_appended_and_stays_bounded()
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoToAsync(browser.Explorer, "log?prefix=live-");
        await Assertions.Expect(tab.Page.Locator(".empty")).ToBeVisibleAsync();
        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Live" }).ClickAsync();
        await Assertions.Expect(tab.Page.GetByRole(AriaRole.Button, new() { Name = "Live" })).ToHaveAttributeAsync("aria-pressed", "true");
        await browser.Bank.RaiseAsync("live-1", new MoneyDeposited(1.25m, "the first"));
        await Assertions.Expect(tab.Page.Locator("#rows tr")).ToHaveCountAsync(1);
        await Assertions.Expect(tab.Page.Locator(".empty")).ToBeHiddenAsync();
        await browser.Bank.RaiseAsync("live-1", new MoneyDeposited(2.50m, "<img src=x onerror=alert(1)>"));
        await Assertions.Expect(tab.Page.Locator("#rows tr").First).ToContainTextAsync("<img src=x onerror=alert(1)>");
        await Assertions.Expect(tab.Page.Locator("#rows tr")).ToHaveCountAsync(2);
        for (var i = 0; i < 7; i++)
        {
            await browser.Bank.Store.AppendAsync(
                "live-1", ExpectedVersion.Any, [.. Enumerable.Range(0, 500).Select(_ => (object)new MoneyDeposited(i, $"batch {i}"))]);
            await Assertions.Expect(tab.Page.Locator("#rows tr").First).ToContainTextAsync($"batch {i}");
        }

        (await tab.Page.Locator("#rows tr").CountAsync()).Should().Be(200);
        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Live" }).ClickAsync();
        await Assertions.Expect(tab.Page.Locator("#live-status")).ToHaveTextAsync("Stopped.");
        await tab.AssertQuietAsync("live");
    }

    [BrowserFact]
    public async Task Slider_and_keyboard_go_through_a_stream()
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoToAsync(browser.Explorer, "");
        await tab.Page.Keyboard.PressAsync("/");
        await tab.Page.Keyboard.TypeAsync("account-ann");
        await tab.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(tab.Page.Locator("h1")).ToHaveTextAsync("account-ann");
        await tab.Page.Locator("input[type=range]").FillAsync("2");
        await Assertions.Expect(tab.Page.Locator(".panel h2").First).ToHaveTextAsync("Account at version 2");
        await Assertions.Expect(tab.Page.Locator(".state")).ToContainTextAsync("400");
        await tab.Page.Keyboard.PressAsync("]");
        await Assertions.Expect(tab.Page.Locator(".panel h2").First).ToHaveTextAsync("Account at version 3");
        await tab.Page.Keyboard.PressAsync("j");
        await tab.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(tab.Page.Locator("h1")).ToHaveTextAsync("address-changed");
        await tab.Page.Keyboard.PressAsync("Tab");
        await tab.Page.Keyboard.PressAsync("Enter");
        (await tab.Page.EvaluateAsync<string>("document.activeElement.id")).Should().Be("main");
        await tab.AssertQuietAsync("keyboard");
    }

    [BrowserFact]
    public async Task Order_is_given_by_who_may_and_by_nobody_else()
    {
        await using var guest = await browser.OpenAsync(new BrowserNewContextOptions { ExtraHTTPHeaders = [new(TestUsers.Name, "bob")] });
        await guest.GoToAsync(browser.Operated, "projection?name=Statements");
        (await guest.Page.Locator("form[method=post]").CountAsync()).Should().Be(0);

        await using var tab = await browser.OpenAsync(
            new BrowserNewContextOptions { ExtraHTTPHeaders = [new(TestUsers.Name, "ann"), new(TestUsers.Roles, "operator")] });
        await tab.GoToAsync(browser.Operated, "projection?name=Statements");
        await tab.Page.Locator(".parked input[name=reason]").FillAsync("written twice");
        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Skip this event" }).ClickAsync();
        await Assertions.Expect(tab.Page.Locator(".notice.good")).ToContainTextAsync("The order is stored.");
        await tab.Page.GetByRole(AriaRole.Link, new() { Name = "Projections" }).First.ClickAsync();
        await Assertions.Expect(tab.Page.GetByLabel("Orders")).ToContainTextAsync("written twice");
        await tab.AssertQuietAsync("orders");
    }

    [BrowserFact]
    public async Task Page_of_another_site_cannot_give_an_order()
    {
        await using var evil = await TestHost.StartAsync(null, app => app.Run(http =>
        {
            http.Response.ContentType = "text/html";
            return http.Response.Body.WriteAsync(
                System.Text.Encoding.UTF8.GetBytes(
                    $"<form method=post action=\"{browser.Operated}act\"><input name=order value=rebuild><input name=projection value=Balances><input name=reason value=evil><button>Win</button></form>")).AsTask();
        }));
        var orders = await browser.Bank.Store.Storage.ReadModels.CountAsync(OrderRecords.Model, []);
        await using var tab = await browser.OpenAsync(
            new BrowserNewContextOptions { ExtraHTTPHeaders = [new(TestUsers.Name, "ann"), new(TestUsers.Roles, "operator")] });
        await tab.Page.GotoAsync(evil.Address.ToString());
        await tab.Page.GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(tab.Page.Locator("h1")).ToHaveTextAsync("The order comes from another site");
        (await browser.Bank.Store.Storage.ReadModels.CountAsync(OrderRecords.Model, [])).Should().Be(orders);
    }

    [BrowserFact]
    public async Task Hostile_text_does_nothing_in_a_browser()
    {
        await using var store = await HostileTextTests.StoreAsync();
        await using var host = await TestHost.StartAsync(
            store, app => app.MapEventExplorer("/events", explorer => explorer.Title = HostileText.All[1]));
        await using var tab = await browser.OpenAsync();
        var explorer = new Uri(host.Address, "events/");
        string[] lists = ["", "log", "log?upto=50", "types", "streams", "streams?after=" + Uri.EscapeDataString("diary-a/b?c=d#e&f")];
        foreach (var page in lists)
        {
            await tab.GoToAsync(explorer, page);
            await tab.AssertQuietAsync(page);
        }

        await tab.GoToAsync(explorer, "log?prefix=diary-");
        var shown = await tab.Page.Locator("#rows").TextContentAsync();
        HostileText.All.Where(text => !shown!.Contains(HostileText.Shown(text), StringComparison.Ordinal)).Should().BeEmpty();
        for (var position = 1; position <= HostileText.All.Count; position += 13)
        {
            await tab.GoToAsync(explorer, $"event?position={position}");
            await tab.Page.Locator("main .name").First.ClickAsync();
            await Assertions.Expect(tab.Page.Locator("h1")).ToContainTextAsync("diary-");
            await tab.AssertQuietAsync(HostileText.All[position - 1]);
        }
    }

    private async Task AssertAccessibleAsync(ColorScheme scheme, IEnumerable<string> pages)
    {
        await using var tab = await browser.OpenAsync(
            new BrowserNewContextOptions { ColorScheme = scheme, ExtraHTTPHeaders = [new(TestUsers.Name, "ann"), new(TestUsers.Roles, "operator")] });
        foreach (var page in pages)
        {
            await tab.GoToAsync(browser.Operated, page);
            var found = await tab.Page.RunAxe(Violations);
            found.Violations.Select(violation => $"{page}: {violation.Id}: {string.Join(" | ", violation.Nodes.Take(3).Select(node => node.Html))}")
                .Should().BeEmpty();
        }
    }

    /// <summary>Each kind of page, with few rows: what is right in one is right in all.</summary>
    private static string[] PagesToCheck(SampleBank bank) =>
    [
        "", "log?upto=8", "streams?prefix=account-", "stream?name=account-ann&at=8&from=3", $"event?position={bank.Old}",
        $"trace?correlation={SampleBank.Payment}&near={bank.AnnPaid}", "types", "projections", "projection?name=Statements", "read-models",
        "read-model?name=Balances", "document?model=Balances&key=ann&asof=30", "ledger", "log?tag=none-has-it",
    ];
}
