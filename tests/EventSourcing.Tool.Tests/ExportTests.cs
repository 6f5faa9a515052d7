using System.Text;
using System.Xml.Linq;

namespace EventSourcing.Tool.Tests;

/// <summary>Exports, read back by programs that know nothing of ours.</summary>
public sealed class ExportTests : IDisposable
{
    private static readonly XNamespace Xes = "http://www.xes-standard.org/";
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Export_as_json_lines_has_the_head_and_root_first_and_then_each_event()
    {
        await Shop.MakeAsync();

        var run = await Run.Piped("export", "shop.db");

        run.Json[0].GetProperty("format").GetString().Should().Be("evs-events-1");
        run.Json[0].GetProperty("head").GetInt64().Should().Be(6);
        run.Json[0].GetProperty("root").GetString().Should().Be((await Run.Piped("info", "shop.db"))["root"]);
        run.Json.Skip(1).Select(e => e.GetProperty("position").GetInt64()).Should().Equal(1, 2, 3, 4, 5, 6);
        run.Json[1].GetProperty("seal").GetBytesFromBase64().Should().HaveCount(16);
        run.Json[1].GetProperty("recordedAt").GetString().Should().MatchRegex(@"^2026-03-02T09:\d\d:00\.0000000Z$");
        (await Run.Piped("export", "shop.db", "--type", "order-placed")).Json[0].TryGetProperty("root", out _).Should().BeFalse("a part has not the root of the whole");
        (await Run.Piped("export", "shop.db", "--as-of", "3")).Json.Should().HaveCount(4);
    }

    [Fact]
    public async Task Export_to_a_file_leaves_it_whole_or_as_it_was()
    {
        await Shop.MakeAsync();

        (await Run.Piped("export", "shop.db", "--out", "events.jsonl")).ExitCode.Should().Be(0);
        var whole = await File.ReadAllTextAsync("events.jsonl");
        whole.Should().Be((await Run.Piped("export", "shop.db")).Output);
        (await Run.Piped("export", "shop.db", "--format", "xes", "--case", "nonsense", "--out", "events.jsonl")).Error.Should().Contain("names no field of an event");
        (await File.ReadAllTextAsync("events.jsonl")).Should().Be(whole);
        (await Run.Piped("export", "shop.db", "--out", "no-folder/events.jsonl")).ExitCode.Should().Be(2);
        _folder.FileNames.Should().NotContain(name => name.Contains("incomplete", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Export_as_csv_can_be_read_back_whatever_is_in_it()
    {
        const string Data = "{\"text\":\"a, \\\"b\\\"; ü\",\n\"x\":1}";
        await using (var storage = new SqliteEventStorage("shop.db"))
            await storage.AppendAsync(new AppendRequest([new StreamWrite("or,der \"1\"", 0, [new NewEvent(Shop.IdAt(1), "t", Encoding.UTF8.GetBytes(Data)) { Tags = ["a", "b"] }])]));

        var rows = Csv((await Run.Piped("export", "shop.db", "--format", "csv")).Output);

        rows[0].Should().Equal("position", "stream", "version", "type", "id", "recordedAt", "tags", "metadata", "data");
        rows.Should().HaveCount(2);
        rows[1][1].Should().Be("or,der \"1\"");
        rows[1][6].Should().Be("a b");
        rows[1][8].Should().Be(Data);
    }

    [Fact]
    public async Task Export_as_xes_has_a_trace_for_each_stream()
    {
        await Shop.MakeAsync();

        var log = XDocument.Parse((await Run.Piped("export", "shop.db", "--format", "xes")).Output).Root!;

        log.Name.Should().Be(Xes + "log");
        Traces(log).Should().Equal("order-17: order-placed, order-shipped", "order-18: order-placed", "order-19: order-placed, order-cancelled", "payment-17: payment-taken");
        var placed = log.Descendants(Xes + "event").First();
        placed.Elements(Xes + "date").Single().Attribute("value")!.Value.Should().StartWith("2026-03-02T09:");
        Value(placed, "data:customer").Should().Be("Ann");
        placed.Elements().Single(e => (string?)e.Attribute("key") == "data:total").Name.Should().Be(Xes + "float");
    }

    [Fact]
    public async Task Export_as_xes_by_a_mapping_groups_by_it()
    {
        await Shop.MakeAsync();

        var byCorrelation = await Run.Piped("export", "shop.db", "--format", "xes", "--case", "correlation", "--resource", "metadata:user");
        Traces(XDocument.Parse(byCorrelation.Output).Root!).Should().HaveCount(4).And.HaveElementAt(0, $"{Shop.IdAt(1)}: order-placed, payment-taken, order-shipped");
        Value(XDocument.Parse(byCorrelation.Output).Descendants(Xes + "event").First(), "org:resource").Should().Be("web");
        var byTag = await Run.Piped("export", "shop.db", "--format", "xes", "--case", "tag:v");
        Traces(XDocument.Parse(byTag.Output).Root!).Should().Equal("vip: order-placed, order-placed");
        byTag.Error.Should().Be("4 events without such a case left out.\n");
        var byData = await Run.Piped("export", "shop.db", "--format", "xes", "--case", "category", "--activity", "data:card", "--time", "data:at");
        Traces(XDocument.Parse(byData.Output).Root!)[1].Should().Be("payment: visa");
        byData.Error.Should().Contain("6 events without such a time");
    }

    [Fact]
    public async Task Export_of_what_xml_cannot_hold_is_well_formed()
    {
        await using (var storage = new SqliteEventStorage("shop.db"))
        {
            await storage.AppendAsync(new AppendRequest([new StreamWrite("s<&>\"'", 0,
                [new NewEvent(Shop.IdAt(1), "t", """{"a":"\u0000\u0001\uFFFE]]>😀","b":[1,{"c":null}],"d":true,"e":1E400}"""u8.ToArray()), new NewEvent(Shop.IdAt(2), "t", new byte[] { 1, 2 })])]));
        }

        var log = XDocument.Parse((await Run.Piped("export", "shop.db", "--format", "xes")).Output).Root!;

        Value(log.Element(Xes + "trace")!, "concept:name").Should().Be("s<&>\"'");
        var first = log.Descendants(Xes + "event").First();
        Value(first, "data:a").Should().Be("\uFFFD\uFFFD\uFFFD]]>😀");
        Value(first, "data:b").Should().Be("""[1,{"c":null}]""");
    }

    private static List<string> Traces(XElement log) =>
        [.. log.Elements(Xes + "trace").Select(trace => Value(trace, "concept:name") + ": " + string.Join(", ", trace.Elements(Xes + "event").Select(e => Value(e, "concept:name"))))];

    private static string? Value(XElement element, string key) => (string?)element.Elements().First(e => (string?)e.Attribute("key") == key).Attribute("value");

    /// <summary>Rows as RFC 4180 has them.</summary>
    private static List<List<string>> Csv(string text)
    {
        List<List<string>> rows = [];
        List<string> row = [];
        var value = new StringBuilder();
        for (var (i, isQuoted) = (0, false); i < text.Length; i++)
        {
            if (isQuoted && text[i] == '"' && i + 1 < text.Length && text[i + 1] == '"') value.Append(text[i++]);
            else if (text[i] == '"') isQuoted = !isQuoted;
            else if (isQuoted || text[i] is not (',' or '\r' or '\n')) value.Append(text[i]);
            else if (text[i] != '\n')
            {
                row.Add(value.ToString());
                value.Clear();
                if (text[i] == '\r')
                {
                    rows.Add(row);
                    row = [];
                }
            }
        }

        return rows;
    }
}
