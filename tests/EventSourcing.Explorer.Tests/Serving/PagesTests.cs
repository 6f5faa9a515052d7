using System.Text.Json;

namespace EventSourcing.Explorer.Tests.Serving;

[Collection(nameof(SampleHost))]
public class PagesTests(SampleHost sample)
{
    [Fact]
    public async Task Every_page_has_one_heading_a_title_and_its_place_in_the_navigation()
    {
        foreach (var page in sample.Pages)
        {
            var document = await sample.OpenAsync(page);
            document.QuerySelectorAll("h1").Should().ContainSingle(page);
            document.Title.Should().EndWith("· Harbour Bank");
            document.QuerySelectorAll("nav [aria-current]").Should().ContainSingle(page);
            document.QuerySelectorAll("[style], [onclick], style, script:not([src])").Should().BeEmpty(page);
            document.All.GroupBy(element => element.Id).Where(group => group.Key is { Length: > 0 } && group.Count() > 1)
                .Should().BeEmpty(page);
        }
    }

    [Fact]
    public async Task Every_page_answers_the_same_facts_as_json()
    {
        foreach (var page in sample.Pages) (await SampleHost.JsonAsync(sample.Host.Client, "events/" + page)).ValueKind
            .Should().Be(JsonValueKind.Object, page);
        var stream = await SampleHost.JsonAsync(sample.Host.Client, "events/stream?name=account-ann&at=2");
        stream.GetProperty("state").GetProperty("balance").GetDecimal().Should().Be(400);
        stream.GetProperty("events")[0].GetProperty("changes")[0].GetProperty("after").GetString().Should().Be("400");
        (await SampleHost.JsonAsync(sample.Host.Client, "events/event?position=99999", 404)).GetProperty("title").GetString()
            .Should().Be("There is no such event");
    }

    [Fact]
    public async Task Stranger_finds_why_the_balance_is_what_it_is_what_caused_it_and_a_proof()
    {
        var found = await sample.Host.Client.GetAsync("events/go?to=ann");
        var stream = await sample.OpenAsync(found.Headers.Location!.ToString());
        stream.QuerySelector(".state")!.TextContent.Should().Contain("balance");
        var newest = stream.QuerySelector("tbody tr")!;
        newest.TextContent.Should().Contain("money-withdrawn").And.Contain("balance").And.Contain("transfer 2041 to Ben");
        var changed = (await sample.Bank.Store.Aggregate<Bank.Account>("ann").LoadAsync()).Balance;
        newest.QuerySelector("ins")!.TextContent.Should().Be(changed.ToString(System.Globalization.CultureInfo.InvariantCulture));

        var e = await sample.OpenAsync(newest.QuerySelector("a")!.GetAttribute("href")!);
        var cause = await sample.OpenAsync(
            e.QuerySelectorAll("dd").Single(
                dd => dd.TextContent.EndsWith("transfer-requested transfer-2041", StringComparison.Ordinal)).QuerySelector("a")!.GetAttribute("href")!);
        cause.QuerySelector("h1")!.TextContent.Should().Be("transfer-requested");

        var file = await sample.Host.Client.GetAsync("events/" + e.QuerySelector("a[href^=proof]")!.GetAttribute("href"));
        file.Content.Headers.ContentDisposition!.FileName!.Trim('"').Should().Be($"event-{sample.Bank.AnnPaid}.tlog-proof");
        var proven = EventDisclosure.Open(
            TlogProof.Parse(await file.Content.ReadAsStringAsync()), "bank.example/ledger", NoteKey.Parse(sample.Bank.PublicKey));
        proven.Leaf.Position.Should().Be(sample.Bank.AnnPaid);
        System.Text.Encoding.UTF8.GetString(proven.Data!.Value.Span).Should().Contain("transfer 2041 to Ben");
    }

    [Fact]
    public async Task Trace_shows_causes_and_effects_as_a_tree_and_over_streams()
    {
        var trace = await sample.OpenAsync($"trace?correlation=payment-2041&near={sample.Bank.AnnPaid}");
        trace.QuerySelectorAll(".trace .type").Select(type => type.TextContent)
            .Should().Equal("transfer-requested", "money-withdrawn", "money-deposited", "transfer-completed");
        trace.QuerySelectorAll(".trace > li > ul > li > ul > li > ul > li").Should().ContainSingle();
        trace.QuerySelectorAll(".lanes text").Select(lane => lane.TextContent)
            .Should().Equal("transfer-2041", "account-ann", "account-ben");
        trace.QuerySelectorAll(".lanes .cause").Should().HaveCount(3);
    }

    [Fact]
    public async Task Event_is_shown_as_it_is_stored_beside_what_the_app_reads_it_as()
    {
        var old = await SampleHost.JsonAsync(sample.Host.Client, $"events/event?position={sample.Bank.Old}");
        old.GetProperty("data").TryGetProperty("city", out _).Should().BeFalse();
        old.GetProperty("readAs")[0].GetProperty("data").GetProperty("city").GetString().Should().Be("Lisbon");
        (await sample.OpenAsync($"event?position={sample.Bank.Old}")).Body!.TextContent.Should().Contain("Read by the app as");
        (await sample.OpenAsync($"event?position={sample.Bank.AnnPaid}")).Body!.TextContent.Should().NotContain("Read by the app as");
    }

    [Fact]
    public async Task Number_beyond_those_of_a_script_is_shown_exactly()
    {
        (await sample.OpenAsync($"event?position={sample.Bank.Unknown}")).QuerySelector(".number")!.TextContent
            .Should().Be("9007199254740993");
        (await sample.OpenAsync("stream?name=audit-1")).Body!.TextContent.Should().Contain("9007199254740993");
    }

    [Fact]
    public async Task Erased_event_says_so_and_the_record_is_found()
    {
        var erased = await sample.OpenAsync($"event?position={sample.Bank.Erased}");
        erased.QuerySelector(".badge.bad")!.TextContent.Should().Be("erased");
        (await sample.OpenAsync("ledger")).Body!.TextContent
            .Should().Contain("Art. 17 GDPR, request 4711").And.Contain("privacy@bank.example");
        (await sample.OpenAsync($"data?position={sample.Bank.Erased}", 410)).Body!.TextContent.Should().Contain("was erased");
    }

    [Fact]
    public async Task Large_event_is_cut_and_can_be_downloaded_whole()
    {
        var page = await sample.OpenAsync($"event?position={sample.Bank.Large}");
        page.Body!.InnerHtml.Length.Should().BeLessThan(20_000);
        var all = await sample.Host.Client.GetByteArrayAsync("events/" + page.QuerySelector("a[href^=data]")!.GetAttribute("href"));
        using var stored = await sample.Bank.Store.Storage.ReadLogAsync(new LogRead { After = sample.Bank.Large - 1, Limit = 1 });
        all.Should().Equal(stored.Events[0].Data.ToArray());
    }

    [Fact]
    public async Task State_and_document_are_shown_as_they_were()
    {
        var then = await sample.Bank.Store.Aggregate<Bank.Account>("ann").LoadAsync(AsOf.Version(5));
        var shown = await SampleHost.JsonAsync(sample.Host.Client, "events/stream?name=account-ann&at=5&from=2");
        shown.GetProperty("state").GetProperty("balance").GetDecimal().Should().Be(then.Balance);
        shown.GetProperty("compared").GetProperty("changes").EnumerateArray().Select(change => change.GetProperty("path").GetString())
            .Should().Contain("city");

        var document = await SampleHost.JsonAsync(sample.Host.Client, "events/document?model=Balances&key=ann&asof=100");
        var expected = (await sample.Bank.Store.ProjectAsync(new Bank.Balances(), "ann", AsOf.Position(100))).Find("ann")!;
        document.GetProperty("document").GetProperty("amount").GetDecimal().Should().Be(expected.Amount);
        document.GetProperty("steps").GetArrayLength().Should().Be(expected.Bookings + 1);
    }

    [Fact]
    public async Task Log_is_filtered_by_type_tag_prefix_time_and_as_of()
    {
        var log = await SampleHost.JsonAsync(
            sample.Host.Client, "events/log?type=limit-set&tag=desk-1&prefix=account-&from=2026-09-03&to=2026-10-20");
        var events = log.GetProperty("events").EnumerateArray().ToList();
        events
            .Should().NotBeEmpty().And.OnlyContain(
                e =>
                    e.GetProperty("type").GetString() == "limit-set"
                        && e.GetProperty("tags").EnumerateArray().Any(tag => tag.GetString() == "desk-1"));
        (await SampleHost.JsonAsync(sample.Host.Client, "events/log?asof=100")).GetProperty("events")[0].GetProperty("position").GetInt64()
            .Should().Be(100);
    }

    [Fact]
    public async Task Log_is_gone_through_page_by_page_in_both_directions()
    {
        var seen = new List<long>();
        string? next = "log";
        while (next is not null)
        {
            var page = await sample.OpenAsync(next);
            seen.AddRange(
                page.QuerySelectorAll("tbody .pos").Select(
                    position => long.Parse(position.TextContent, System.Globalization.CultureInfo.InvariantCulture)));
            next = page.QuerySelector("[rel=next]")?.GetAttribute("href");
        }

        var head = await sample.Bank.Store.GetHeadAsync();
        seen.Should().Equal(Enumerable.Range(1, (int)head).Select(position => (long)position).Reverse());
        var older = await SampleHost.JsonAsync(sample.Host.Client, "events/log?upto=100");
        older.GetProperty("newer").GetInt64().Should().Be(100);
        (await SampleHost.JsonAsync(sample.Host.Client, "events/log?after=100")).GetProperty("events").EnumerateArray().Last().GetProperty("position").GetInt64()
            .Should().Be(101);
    }

    [Fact]
    public async Task Types_say_what_the_app_makes_of_them()
    {
        var types = (await SampleHost.JsonAsync(sample.Host.Client, "events/types")).GetProperty("types").EnumerateArray()
            .ToDictionary(type => type.GetProperty("name").GetString()!, type => type.GetProperty("standing").GetString());
        types.Should().Contain("money-deposited", "current").And.Contain("address-changed", "upcast").And.Contain("moved@2", "alias")
            .And.Contain("audit-noted", "unknown").And.Contain(PayloadsErased.TypeName, "library");
    }

    [Fact]
    public async Task Read_model_is_filtered_ordered_and_paged_by_its_fields()
    {
        var found = await SampleHost.JsonAsync(
            sample.Host.Client, "events/read-model?name=Balances&c.amount=min&v.amount=1000&order=amount&down=1");
        var keys = found.GetProperty("documents").EnumerateArray().Select(document => document.GetProperty("key").GetString()).ToList();
        var expected = await sample.Bank.Store.ReadModel(new Bank.Balances()).Query().Where(
            Bank.Balances.Amount.AtLeast(1000)).OrderByDescending(Bank.Balances.Amount).ToListAsync();
        keys.Should().Equal(expected.Select(document => document.Key)).And.NotBeEmpty();
        (await sample.OpenAsync("read-model?name=Balances&v.amount=many", 400)).QuerySelector("h1")!.TextContent
            .Should().Be("That is not a number");
    }

    [Fact]
    public async Task Parked_event_is_shown_with_its_error()
    {
        var projection = await sample.OpenAsync("projection?name=Statements");
        projection.QuerySelector(".parked")!.TextContent
            .Should().Contain("fay").And.Contain("FormatException").And.Contain("The reference '??' is none");
        projection.QuerySelectorAll("form[method=post]").Should().BeEmpty("nobody may give orders");
    }

    [Theory]
    [InlineData("event?position=99999", 404)]
    [InlineData("event?position=0", 404)]
    [InlineData("event?position=minus", 400)]
    [InlineData("event?id=nothing", 404)]
    [InlineData("event?stream=account-ann&version=900", 404)]
    [InlineData("event", 400)]
    [InlineData("stream", 400)]
    [InlineData("stream?name=nobody", 404)]
    [InlineData("stream?name=a%00b", 400)]
    [InlineData("log?from=yesterday", 400)]
    [InlineData("log?upto=99999999999999999999", 400)]
    [InlineData("projection?name=nobody", 404)]
    [InlineData("read-model?name=nobody", 404)]
    [InlineData("document?model=Balances&key=nobody", 404)]
    [InlineData("document?model=nobody&key=x", 404)]
    [InlineData("proof?position=0", 404)]
    public async Task Page_of_what_is_not_there_says_so(string page, int status)
    {
        var document = await sample.OpenAsync(page, status);
        document.QuerySelector(".refused h1")!.TextContent.Should().NotBeEmpty();
        document.QuerySelectorAll(".refused p")[^1].TextContent.Should().EndWith(".");
    }

    [Theory]
    [InlineData("280", "event?position=280")]
    [InlineData("account-ann", "stream?name=account-ann")]
    [InlineData("ann", "stream?name=account-ann")]
    [InlineData("2041", "stream?name=transfer-2041")]
    [InlineData("99999", "event?position=99999")]
    [InlineData("account", "streams?prefix=account")]
    [InlineData("nobody", "streams?prefix=nobody")]
    [InlineData("", "streams")]
    [InlineData("0197a3c2-5f60-7000-8000-000000000001", "event?id=0197a3c2-5f60-7000-8000-000000000001")]
    public async Task Search_goes_to_what_the_text_names(string text, string address)
    {
        using var answer = await sample.Host.Client.GetAsync("events/go?to=" + Uri.EscapeDataString(text));
        answer.Headers.Location!.ToString().Should().Be(address);
    }

    [Fact]
    public async Task Streams_that_have_a_text_after_their_category_are_listed_if_no_name_begins_so()
    {
        var page = await sample.OpenAsync("streams?prefix=a");
        page.QuerySelector(".notice").Should().BeNull("names begin so");
        var within = await sample.OpenAsync("streams?prefix=c");
        within.QuerySelector(".notice")!.TextContent.Should().Contain("after their category");
        within.QuerySelectorAll("tbody a.name").Select(a => a.TextContent).Should().Equal("account-cid");
        (await SampleHost.JsonAsync(sample.Host.Client, "events/streams?prefix=c")).GetProperty("isWithinCategories").GetBoolean().Should().BeTrue();
    }

    [Fact]
    public async Task Unsigned_proof_comes_as_its_parts()
    {
        var head = await sample.Bank.Store.GetHeadAsync();
        var parts = JsonElement.Parse(await sample.Host.Client.GetStringAsync($"events/proof?position={head}"));
        parts.GetProperty("size").GetInt64().Should().Be(head);
        EventDisclosure.Parse(parts.GetProperty("disclosure").GetBytesFromBase64()).Leaf.Position.Should().Be(head);
    }

    [Fact]
    public async Task Assets_are_small_and_kept_by_the_browser()
    {
        var page = await sample.OpenAsync("");
        var total = 0L;
        foreach (
            var address in page.QuerySelectorAll("link[href], script[src]").Select(
                element => element.GetAttribute("href") ?? element.GetAttribute("src")))
        {
            using var asset = await sample.Host.Client.GetAsync("events/" + address);
            asset.EnsureSuccessStatusCode();
            asset.Headers.CacheControl!.ToString().Should().Contain("immutable");
            total += asset.Content.Headers.ContentLength!.Value;
            using var again = new HttpRequestMessage(HttpMethod.Get, "events/" + address);
            again.Headers.IfNoneMatch.Add(asset.Headers.ETag!);
            (await sample.Host.Client.SendAsync(again)).StatusCode.Should().Be(System.Net.HttpStatusCode.NotModified);
        }

        total.Should().BeInRange(10_000, 60_000);
    }

    [Fact]
    public async Task Every_answer_has_the_strict_policy()
    {
        foreach (var page in new[] { "", "log", "event?position=99999", "proof?position=1" })
        {
            using var answer = await sample.Host.Client.GetAsync("events/" + page);
            answer.Headers.GetValues("Content-Security-Policy").Single()
                .Should().Contain("script-src 'self'; style-src 'self';").And.Contain("default-src 'none'").And.NotContain("unsafe");
            answer.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");
        }
    }
}
