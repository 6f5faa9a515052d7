using System.Net;
using EventSourcing.Explorer.Tests.Bank;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing.Explorer.Tests.Serving;

[Collection(nameof(SampleHost))]
public class HostingTests(SampleHost sample)
{
    [Fact]
    public async Task Every_link_works_in_a_plain_app() =>
        await CrawlAsync("events/", app => app.MapEventExplorer("/events", SampleBank.Show));

    [Fact]
    public async Task Every_link_works_at_the_root() => await CrawlAsync("", app => app.MapEventExplorer("/", SampleBank.Show));

    [Fact]
    public async Task Every_link_works_below_a_path_base() => await CrawlAsync("a/events/", app =>
    {
        app.UsePathBase("/a");
        app.UseRouting();
        app.MapEventExplorer("/events", SampleBank.Show);
    });

    [Fact]
    public async Task Every_link_works_in_a_group() =>
        await CrawlAsync("ops/eu/events/", app => app.MapGroup("/ops/{region}").MapEventExplorer("/events", SampleBank.Show));

    [Fact]
    public async Task Every_link_works_behind_a_proxy_that_takes_a_prefix_away() => await CrawlAsync("tools/bank/events/", app =>
    {
        app.Use((http, next) =>
        {
            if (http.Request.Path.StartsWithSegments("/tools/bank", out var rest)) http.Request.Path = rest;
            return next(http);
        });
        app.UseRouting();
        app.MapEventExplorer("/events", SampleBank.Show);
    });

    [Fact]
    public async Task Every_link_works_for_who_is_signed_in_where_a_fallback_policy_asks_for_it()
    {
        static void Map(WebApplication app)
        {
            app.UseAuthentication();
            app.UseAuthorization();
            app.MapEventExplorer("/events", SampleBank.Show);
        }

        static void Services(IServiceCollection services)
        {
            TestUsers.Add(services);
            services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        }

        await CrawlAsync("events/", Map, Services, client => client.DefaultRequestHeaders.Add(TestUsers.Name, "ann"));
        await using var host = await TestHost.StartAsync(sample.Bank.Store, Map, Services);
        foreach (var address in new[] { "events/", "events/log", "events/explorer.css" })
            (await host.Client.GetAsync(address)).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("events", "events/")]
    [InlineData("events?a=b", "events/?a=b")]
    [InlineData("events/log/?type=x", "../log?type=x")]
    public async Task Address_with_another_end_leads_to_the_page(string address, string location)
    {
        using var answer = await sample.Host.Client.GetAsync(address);
        answer.StatusCode.Should().Be(HttpStatusCode.Found);
        answer.Headers.Location!.OriginalString.Should().Be(location);
    }

    [Fact]
    public async Task Two_explorers_show_two_stores()
    {
        await using var other = new EventStore(new InMemoryEventStorage(), new EventTypes());
        await using var host = await TestHost.StartAsync(sample.Bank.Store, app =>
        {
            app.MapEventExplorer("/one");
            app.MapEventExplorer("/two", explorer => explorer.StoreKey = "other");
            app.MapEventExplorer("/three", explorer => explorer.Store = other);
        }, services => services.AddKeyedSingleton("other", other));

        (await SampleHost.OpenAsync(host.Client, "one/")).QuerySelector(".figure")!.TextContent.Should().NotBe("0");
        (await SampleHost.OpenAsync(host.Client, "two/")).Body!.TextContent.Should().Contain("The store has no events yet");
        (await SampleHost.OpenAsync(host.Client, "three/log")).Body!.TextContent.Should().Contain("The log is empty");
    }

    [Fact]
    public async Task Map_without_a_store_says_what_to_write()
    {
        await FluentActions.Awaiting(() => TestHost.StartAsync(null, app => app.MapEventExplorer("/events")))
            .Should().ThrowAsync<InvalidOperationException>().WithMessage("*no EventStore*Register one*");
        await FluentActions.Awaiting(
            () => TestHost.StartAsync(null, app => app.MapEventExplorer("/events", explorer => explorer.StoreKey = "shop")))
            .Should().ThrowAsync<InvalidOperationException>().WithMessage("*under the key 'shop'*");
    }

    [Fact]
    public async Task Empty_store_has_every_page()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), new EventTypes());
        await using var host = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events"));
        foreach (var page in new[] { "", "log", "streams", "types", "projections", "read-models", "ledger", "trace?correlation=x" })
            (await SampleHost.OpenAsync(host.Client, "events/" + page)).QuerySelectorAll(".empty").Should().NotBeEmpty(page);
    }

    /// <summary>Follows all links from the overview on; of those that differ only in what they name, the first few.</summary>
    private async Task CrawlAsync(
        string root, Action<WebApplication> map, Action<IServiceCollection>? services = null, Action<HttpClient>? prepare = null)
    {
        await using var host = await TestHost.StartAsync(sample.Bank.Store, map, services);
        prepare?.Invoke(host.Client);
        var start = new Uri(host.Address, root);
        var open = new Queue<Uri>([start, .. sample.Pages.Select(page => new Uri(start, page))]);
        var (seen, shapes, kinds) = (new HashSet<Uri>(), new Dictionary<string, int>(), new HashSet<string>());
        while (open.TryDequeue(out var address))
        {
            if (!seen.Add(address)) continue;
            var name = address.AbsolutePath[start.AbsolutePath.Length..];
            var shape = name + string.Join(
                '&', address.Query.TrimStart('?').Split('&').Select(parameter => parameter.Split('=')[0]).Order(StringComparer.Ordinal));
            if ((shapes[shape] = shapes.GetValueOrDefault(shape) + 1) > 4) continue;
            kinds.Add(name);
            using var answer = await host.Client.GetAsync(address);
            answer.StatusCode.Should().Be(HttpStatusCode.OK, "{0} is linked", address);
            if (answer.Content.Headers.ContentType?.MediaType != "text/html") continue;
            var page = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(await answer.Content.ReadAsStringAsync());
            var links = page.QuerySelectorAll("[href], [src], [data-live]")
                .Select(element => element.GetAttribute("href") ?? element.GetAttribute("src") ?? element.GetAttribute("data-live")!);
            foreach (var link in links)
            {
                var target = new Uri(address, link);
                target.GetLeftPart(UriPartial.Path)
                    .Should().StartWith(start.ToString(), "{0} on {1} stays within the explorer", link, address);
                if (!link.StartsWith('#') && !link.StartsWith("live", StringComparison.Ordinal))
                    open.Enqueue(new Uri(target.GetLeftPart(UriPartial.Query)));
            }

            foreach (var form in page.QuerySelectorAll("form"))
                new Uri(address, form.GetAttribute("action")!).ToString().Should().StartWith(start.ToString());
        }

        kinds.Should().BeEquivalentTo("", "log", "streams", "stream", "event", "trace", "types", "projections", "projection", "read-models", "read-model", "document", "ledger",
            "data", "proof", "explorer.css", "explorer.js", "explorer.svg");
    }
}
