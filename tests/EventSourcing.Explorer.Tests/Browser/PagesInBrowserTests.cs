using System.Text.Json;
using System.Text.RegularExpressions;
using Deque.AxeCore.Commons;
using EventSourcing.Explorer.Tests.Bank;
using EventSourcing.Explorer.Tests.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.Playwright;

namespace EventSourcing.Explorer.Tests.Browser;

[Collection(nameof(BrowserHost))]
public class PagesInBrowserTests(BrowserHost browser)
{
    /// <summary>
    /// Runs axe in the page itself, and hands over what is wrong and nothing else: to describe what is in order takes most of the time of
    /// its binding, which also loads it twice for each page.
    /// </summary>
    private const string RunAxe = """
        async only => {
          const found = await axe.run(document, {
            ...(only && { runOnly: only }), resultTypes: ['violations'], iframes: false, preload: false, reporter: 'no-passes',
          });
          return found.violations.map(one => `${one.id}: ${one.nodes.slice(0, 3).map(node => node.html).join(' | ')}`);
        }
        """;

    /// <summary>What can be used on a page, and is seen.</summary>
    private const string MarkControls = """
        () => {
          const all = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
          window.controls = [...document.querySelectorAll(all)].filter(one => !one.disabled && one.checkVisibility());
          return window.controls.map(one => one.outerHTML.slice(0, 120));
        }
        """;

    /// <summary>Which of them has the focus, and how it shows; -1 for another element.</summary>
    private const string LookAtFocus = """
        () => {
          const one = document.activeElement, style = getComputedStyle(one), box = one.getClientRects()[0];
          return {
            index: window.controls.indexOf(one),
            isSeen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1,
            isOnScreen: !!box && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
          };
        }
        """;

    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

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
        await using var tab = await browser.OpenAsync(Operator);
        foreach (var page in PagesToCheck(browser.Bank))
        {
            await tab.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
            await tab.GoToAsync(browser.Operated, page);
            await tab.Page.EvaluateAsync(Axe);
            (await tab.Page.EvaluateAsync<string[]>(RunAxe)).Should().BeEmpty("in the light: {0}", page);

            // The dark has the same elements in other colours.
            await tab.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });
            (await tab.Page.EvaluateAsync<string[]>(RunAxe, (string[])["color-contrast", "link-in-text-block"]))
                .Should().BeEmpty("in the dark: {0}", page);
        }
    }

    [BrowserFact]
    public async Task Every_control_is_reached_by_the_keyboard_alone_and_shows_the_focus()
    {
        await using var tab = await browser.OpenAsync(Operator);
        foreach (var page in PagesToCheck(browser.Bank))
        {
            await tab.GoToAsync(browser.Operated, page);
            var controls = await tab.Page.EvaluateAsync<string[]>(MarkControls);
            var reached = new HashSet<int>();
            for (var presses = 0; reached.Count < controls.Length && presses < controls.Length + 20; presses++)
            {
                await tab.Page.Keyboard.PressAsync("Tab");
                var focus = await tab.Page.EvaluateAsync<JsonElement>(LookAtFocus);
                var index = focus.GetProperty("index").GetInt32();
                if (presses == 0) controls[index].Should().Contain("class=\"skip\"", page);
                if (index < 0) continue;
                reached.Add(index);
                focus.GetProperty("isSeen").GetBoolean().Should().BeTrue("the focus shows at {0} of {1}", controls[index], page);
                focus.GetProperty("isOnScreen").GetBoolean().Should().BeTrue("{0} of {1} is on the screen", controls[index], page);
            }

            controls.Where((_, i) => !reached.Contains(i)).Should().BeEmpty("all of {0} is reached", page);
        }
    }

    [BrowserFact]
    public async Task Forms_and_orders_are_given_by_the_keyboard_alone()
    {
        await using var tab = await browser.OpenAsync(Operator);
        await tab.GoToAsync(browser.Operated, "log");
        await TabToAsync(tab, "[name=type]");
        await tab.Page.Keyboard.TypeAsync("limit-set");
        await TabToAsync(tab, "form.filters button.primary");
        await tab.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(tab.Page).ToHaveURLAsync(new Regex("log\\?type=limit-set$"));
        await TabToAsync(tab, "#rows a");
        await tab.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(tab.Page.Locator("h1")).ToHaveTextAsync("limit-set");
        await TabToAsync(tab, "summary");
        await tab.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(tab.Page.Locator("main details[open]")).ToHaveCountAsync(1);
        await TabToAsync(tab, "a[href='ledger']");
        await tab.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(tab.Page).ToHaveURLAsync(new Regex("ledger$"));
        await tab.Page.WaitForLoadStateAsync();
        await TabToAsync(tab, "#verification button");
        await tab.Page.Keyboard.PressAsync("Space");
        await Assertions.Expect(tab.Page.Locator("#verification")).ToContainTextAsync("The log is sound.");
        await tab.GoToAsync(browser.Operated, "projection?name=Balances");
        await TabToAsync(tab, ".orders summary");
        await tab.Page.Keyboard.PressAsync("Enter");
        await TabToAsync(tab, "form.order [name=reason]");
        await tab.Page.Keyboard.TypeAsync("by the keyboard");
        await TabToAsync(tab, "form.order button.primary");
        await tab.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(tab.Page.Locator(".notice.good")).ToContainTextAsync("The order is stored.");
        await tab.AssertQuietAsync("keyboard alone");
    }

    /// <summary>Presses Tab until an element has the focus.</summary>
    private static async Task TabToAsync(WatchedTab tab, string selector)
    {
        for (var presses = 0; presses < 150; presses++)
        {
            await tab.Page.Keyboard.PressAsync("Tab");
            if (await tab.Page.EvaluateAsync<bool>("selector => document.activeElement.matches(selector)", selector)) return;
        }

        Assert.Fail($"Tab does not lead to {selector}.");
    }

    [BrowserFact]
    public async Task Stranger_finds_in_three_clicks_what_changed_a_balance_last_what_caused_that_and_a_proof_of_it()
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoToAsync(browser.Explorer, "");
        await tab.Page.GetByRole(AriaRole.Searchbox).FillAsync("ann");
        await tab.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(tab.Page.Locator("h1")).ToHaveTextAsync("account-ann");
        var balance = await tab.Page.Locator(".state div:has(dt:text-is('balance')) dd").InnerTextAsync();
        await Assertions.Expect(tab.Page.Locator("tbody tr").First.Locator(".changes")).ToContainTextAsync(balance);
        await tab.Page.Locator("tbody tr a").First.ClickAsync();
        await Assertions.Expect(tab.Page.Locator("section:has(h2:text-is('What it changed')) ins")).ToHaveTextAsync(balance);
        await Assertions.Expect(tab.Page.Locator("section:has(h2:text-is('Cause and effects'))")).ToContainTextAsync("transfer-requested");
        var download = await tab.Page.RunAndWaitForDownloadAsync(
            () => tab.Page.GetByRole(AriaRole.Link, new() { Name = "Download the proof" }).ClickAsync());
        (await File.ReadAllTextAsync((await download.PathAsync())!)).Should().StartWith("c2sp.org/tlog-proof@v1");
        await tab.Page.GetByText("transfer-2041").First.ClickAsync();
        await Assertions.Expect(tab.Page.Locator("h1")).ToHaveTextAsync("transfer-2041");
        await tab.AssertQuietAsync("stranger");
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
    public async Task Long_fold_goes_on_by_itself_with_and_without_a_script()
    {
        foreach (var hasScript in (bool[])[true, false])
        {
            await using var log = await LongLog.OpenAsync();
            await using var tab = await browser.OpenAsync(new BrowserNewContextOptions { JavaScriptEnabled = hasScript });
            log.Counting.HoldReadsAfter(3_000);
            await tab.GoToAsync(new Uri(log.Host.Address, "events/"), "document?model=ByReference&key=rent&asof=4500");
            await Assertions.Expect(tab.Page.Locator("#folded [role=status]")).ToContainTextAsync("Folding: position 3,072 of 4,500.");
            if (hasScript)
            {
                await tab.Page.EvaluateAsync(Axe);
                (await tab.Page.EvaluateAsync<string[]>(RunAxe)).Should().BeEmpty();
            }

            await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
            await Assertions.Expect(tab.Page.Locator(".notice.warn")).ToContainTextAsync("Stopped at position 3,072 of 4,500.");
            await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Go on" }).ClickAsync();
            log.Counting.LetReadsGo();
            await Assertions.Expect(tab.Page.Locator("#folded .sub")).ToHaveTextAsync("as of position 4,500");
            await Assertions.Expect(tab.Page.Locator("aside .state")).ToContainTextAsync("1500");
            await tab.AssertQuietAsync("a fold", hasScript);
        }
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

    private static BrowserNewContextOptions Operator =>
        new() { ExtraHTTPHeaders = [new(TestUsers.Name, "ann"), new(TestUsers.Roles, "operator")] };

    /// <summary>Each kind of page, with few rows: what is right in one is right in all.</summary>
    private static string[] PagesToCheck(SampleBank bank) =>
    [
        "", "log?upto=8", "streams?prefix=account-", "stream?name=account-ann&at=8&from=3", $"event?position={bank.Old}",
        $"trace?correlation={SampleBank.Payment}&near={bank.AnnPaid}", "types", "projections", "projection?name=Statements", "read-models",
        "read-model?name=Balances", "document?model=Balances&key=ann&asof=30", "ledger", "log?tag=none-has-it",
    ];
}
