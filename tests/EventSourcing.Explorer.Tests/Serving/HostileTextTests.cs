using System.Text.Json;
using EventSourcing.Explorer.Tests.Bank;
using Microsoft.AspNetCore.Builder;

namespace EventSourcing.Explorer.Tests.Serving;

public partial class HostileTextTests
{
    [Fact]
    public void There_are_forty_and_all_but_two_are_shown_as_they_are()
    {
        HostileText.All.Should().HaveCount(40).And.OnlyHaveUniqueItems();
        HostileText.All.Where(text => HostileText.Shown(text) != text).Should().HaveCount(
            2, "characters that turn text around or cannot be seen are written out");
    }

    [Fact]
    public async Task Hostile_text_is_shown_on_every_page_and_does_nothing()
    {
        await using var store = await StoreAsync();
        await using var running = store.StartProjections(new ProjectionOptions { RetryDelays = [] }, new Refusing(), new Texts());
        await running.CatchUpAsync();
        await using var host = await TestHost.StartAsync(
            store,
            app =>
                app.MapEventExplorer("/events", explorer => explorer.Aggregate<Diary>().ReadModel(new Texts()).Title = HostileText.All[1]));
        for (var i = 0; i < HostileText.All.Count; i++)
        {
            var text = HostileText.All[i];
            var name = Uri.EscapeDataString($"diary-{text}");
            await AssertShownAsync(host, $"stream?name={name}", text);
            await AssertShownAsync(host, $"event?stream={name}&version=1", text);
            await AssertShownAsync(host, $"streams?prefix={name}", text);
            await AssertShownAsync(host, $"log?prefix={name}", text);
            await AssertShownAsync(host, $"log?tag={Uri.EscapeDataString(text)}", text);
            await AssertShownAsync(host, $"log?type={Uri.EscapeDataString("t " + text)}", text);
            await AssertShownAsync(host, $"trace?correlation={Uri.EscapeDataString(text)}&near={i + 1}", text);
            await AssertShownAsync(host, $"document?model=Texts&key={Uri.EscapeDataString(text)}", text);
            await AssertShownAsync(host, $"read-model?name=Texts&v.text={Uri.EscapeDataString(text)}", text);
            await AssertShownAsync(host, $"stream?name={Uri.EscapeDataString("nobody " + text)}", text, status: 404);
        }

        foreach (var page in new[] { "types", "streams", "read-model?name=Texts", "projection?name=Refusing" })
        {
            var shown = (await SampleHost.OpenAsync(host.Client, "events/" + page)).Body!.TextContent;
            HostileText.All.Where(text => !shown.Contains(HostileText.Shown(text), StringComparison.Ordinal)).Should().BeEmpty(page);
        }
    }

    [Fact]
    public async Task Hostile_text_leads_back_to_itself()
    {
        await using var store = await StoreAsync();
        await using var host = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events"));
        foreach (var text in HostileText.All)
        {
            var log = await SampleHost.OpenAsync(
                host.Client, $"events/log?prefix={Uri.EscapeDataString("diary-" + text)}&tag={Uri.EscapeDataString(text)}");
            log.QuerySelector("input[name=prefix]")!.GetAttribute("value").Should().Be("diary-" + text);
            var stream = log.QuerySelector("tbody a.name")!.GetAttribute("href")!;
            (await SampleHost.JsonAsync(host.Client, "events/" + stream)).GetProperty("name").GetString().Should().Be("diary-" + text);
            var tag = log.QuerySelector("tbody a.tag")!.GetAttribute("href")!;
            (await SampleHost.JsonAsync(host.Client, "events/" + tag)).GetProperty("events").GetArrayLength().Should().Be(1);
        }
    }

    [Fact]
    public async Task Show_what_another_program_wrote_as_the_text_that_it_is()
    {
        byte[][] payloads =
            ["""{"\ud800":1}"""u8.ToArray(), """{"text":"a\ud800"}"""u8.ToArray(), "{\"a\":\""u8.ToArray(), [.. "{\"a\":\""u8, 0xFF, .. "\"}"u8]];
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Anything>());
        var events = payloads.Select(data => new NewEvent(Guid.CreateVersion7(), "foreign", data) { Metadata = """{"\ud800":"\udc00"}"""u8.ToArray() });
        await store.Storage.AppendAsync(new AppendRequest([new StreamWrite("foreign-1", 0, [.. events])]));
        await using var host = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events", explorer => explorer.Redact = static (_, data) => data));
        await using var whole = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events"));

        foreach (var client in new[] { host.Client, whole.Client })
        {
            foreach (var page in new[] { "events/", "events/log", "events/stream?name=foreign-1", "events/event?position=1", "events/event?position=2", "events/event?position=3", "events/event?position=4" })
                await SampleHost.OpenAsync(client, page);
            (await SampleHost.OpenAsync(client, "events/event?position=1")).Body!.TextContent.Should().Contain("ud800");
            (await SampleHost.OpenAsync(client, "events/event?position=2")).Body!.TextContent.Should().Contain("ud800");
        }
    }

    /// <summary>A store with each text as a stream, a type, a tag, metadata, and data.</summary>
    public static async Task<EventStore> StoreAsync()
    {
        var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Anything>());
        foreach (var text in HostileText.All)
        {
            var data = new EventData(new Anything(text, new Dictionary<string, string> { [text] = text })) { Tags = [text] };
            await store.AppendAsync(
                $"diary-{text}", 0, [data],
                new EventMetadata { CorrelationId = text, CausationId = text, Values = new Dictionary<string, string> { [text] = text } });
        }

        foreach (var text in HostileText.All)
        {
            var stored = new NewEvent(Guid.CreateVersion7(), "t " + text, JsonSerializer.SerializeToUtf8Bytes(text));
            await store.Storage.AppendAsync(new AppendRequest([new StreamWrite("unknown-1", ExpectedVersion.Any, [stored])]));
        }

        return store;
    }

    private static async Task AssertShownAsync(TestHost host, string page, string text, int status = 200)
    {
        var document = await SampleHost.OpenAsync(host.Client, "events/" + page, status);
        document.Body!.TextContent.Should().Contain(HostileText.Shown(text), page);
        document.Title.Should().Contain(HostileText.Shown(HostileText.All[1]));
        string[] ours = ["<script src=\"explorer.js?v=", "<link rel=\"stylesheet\" href=\"explorer.css", "<link rel=\"icon\"", "<meta charset", "<meta name"];
        document.QuerySelectorAll("script, link, iframe, img, style, base, meta, textarea").Select(element => element.OuterHtml)
            .Should().OnlyContain(html => ours.Any(our => html.StartsWith(our, StringComparison.Ordinal)));
        document.All.SelectMany(element => element.Attributes).Select(attribute => attribute.Name)
            .Where(name => name.StartsWith("on", StringComparison.Ordinal) || name is "style" or "autofocus" or "srcdoc")
                .Should().BeEmpty();
        document.QuerySelectorAll("a[href], form[action]").Select(
            element => element.GetAttribute("href") ?? element.GetAttribute("action")!)
            .Should().OnlyContain(address => IsOurs(address));
    }

    private static bool IsOurs(string address) =>
        address is "./" or "#main" || (char.IsAsciiLetter(address[0]) && !address.Split('?')[0].Contains(':', StringComparison.Ordinal));

    public sealed record Text(string Value);

    public sealed partial class Texts : Projection<Text>
    {
        public static readonly DocumentField<Text, string> Value = new("text", text => text.Value);

        public override IReadOnlyList<DocumentField<Text>> Fields => [Value];

        public static string Key(Anything e) => e.Text;

        Text Apply(Text? _, Anything e) => new(e.Text);
    }

    public sealed partial class Refusing : Projection<Text>
    {
        public static string Key(Anything e) => e.Text;

        Text Apply(Text? _, Anything e) => throw new InvalidOperationException(e.Text);
    }

    public sealed partial class Diary : Aggregate
    {
        public string? Last { get; private set; }

        void Apply(Anything e) => Last = e.Text;
    }
}
