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
        (await Run.Piped("export", "shop.db", "--format", "xes", "--case", "nonsense", "--out", "events.jsonl", "--overwrite")).Error.Should().Contain("names no field of an event");
        (await File.ReadAllTextAsync("events.jsonl")).Should().Be(whole);
        (await Run.Piped("export", "shop.db", "--out", "no-folder/events.jsonl")).ExitCode.Should().Be(2);
        _folder.FileNames.Should().NotContain(name => name.Contains("incomplete", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("shop.db")]
    [InlineData("./folder/../shop.db")]
    [InlineData("link.db")]
    [InlineData("linked/shop.db")]
    [InlineData("shop.db-wal")]
    [InlineData("shop.db-shm")]
    [InlineData("shop.db-journal")]
    [InlineData("shop.db.key")]
    [InlineData("shop.db.key.pub")]
    [InlineData("shop.db.checkpoints")]
    [InlineData("other.db")]
    [InlineData("elsewhere.key")]
    [InlineData("elsewhere.checkpoints")]
    [InlineData("folder")]
    public async Task Write_over_a_store_a_key_or_checkpoints_is_refused_whatever_the_command_and_changes_nothing(string path)
    {
        if (OperatingSystem.IsWindows()) return;
        await Shop.MakeAsync();
        await Shop.MakeAsync("other.db");
        await Run.Piped("checkpoint", "shop.db", "--new-key", "shop.example/ledger");
        await Run.Piped("checkpoint", "shop.db", "--new-key", "shop.example/other", "--key", "elsewhere.key", "--checkpoints", "elsewhere.checkpoints");
        Directory.CreateDirectory("folder");
        Directory.CreateSymbolicLink("linked", ".");
        File.CreateSymbolicLink("link.db", "shop.db");
        var before = await AllAsync();

        foreach (var arguments in (string[][])
            [["export", "shop.db", "--format", "csv", "--out", path], ["prove", "shop.db", "4", "--out", path], ["backup", "shop.db", path]])
        {
            foreach (var overwrite in (string[][])[[], ["--overwrite"]])
            {
                // An older backup is what --overwrite of a backup is for.
                if (arguments[0] == "backup" && path == "other.db" && overwrite.Length > 0) continue;
                var run = await Run.Piped([.. arguments, .. overwrite]);
                run.ExitCode.Should().Be(2, string.Join(' ', arguments));
                run.Error.Should().StartWith("error: ");
            }
        }

        (await AllAsync()).Should().Equal(before);

        async Task<List<string>> AllAsync()
        {
            var all = new List<string>();
            foreach (var name in _folder.FileNames.Where(name => name is not ("folder" or "linked")))
                all.Add(name + " " + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(name))));
            return all;
        }
    }

    [Theory]
    [InlineData("export", "shop.db")]
    [InlineData("prove", "shop.db", "4")]
    public async Task Write_over_another_file_needs_overwrite(params string[] command)
    {
        await Shop.MakeAsync();
        await Run.Piped("checkpoint", "shop.db", "--new-key", "shop.example/ledger");
        await File.WriteAllTextAsync("notes.txt", "notes");

        var refused = await Run.Piped([.. command, "--out", "notes.txt"]);

        refused.ExitCode.Should().Be(2);
        refused.Error.Should().Be("error: There is a file 'notes.txt' already. Say --overwrite to replace it. Nothing was changed.\n");
        (await File.ReadAllTextAsync("notes.txt")).Should().Be("notes");
        (await Run.Piped([.. command, "--out", "notes.txt", "--overwrite"])).ExitCode.Should().Be(0);
        (await File.ReadAllTextAsync("notes.txt")).Should().Be((await Run.Piped(command)).Output);
    }

    [Fact]
    public async Task Export_to_a_link_writes_the_file_that_it_leads_to()
    {
        if (OperatingSystem.IsWindows()) return;
        await Shop.MakeAsync();
        await File.WriteAllTextAsync("today.jsonl", "older");
        File.CreateSymbolicLink("newest.jsonl", "today.jsonl");

        (await Run.Piped("export", "shop.db", "--out", "newest.jsonl", "--overwrite")).ExitCode.Should().Be(0);

        new FileInfo("newest.jsonl").LinkTarget.Should().Be("today.jsonl");
        (await File.ReadAllTextAsync("today.jsonl")).Should().Be((await Run.Piped("export", "shop.db")).Output);
    }

    [Fact]
    public async Task Export_to_a_name_that_is_too_long_is_refused_and_to_the_longest_is_done()
    {
        await Shop.MakeAsync();
        var tooLong = new string('l', 236);

        var refused = await Run.Piped("export", "shop.db", "--out", tooLong);

        refused.ExitCode.Should().Be(2);
        refused.Error.Should().Contain("has 236 bytes, and may have 235").And.EndWith("Choose a shorter one. Nothing was written.\n");
        _folder.FileNames.Should().Equal("shop.db");
        (await Run.Piped("export", "shop.db", "--out", tooLong[1..])).ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task Export_that_fails_leaves_what_another_one_is_writing_to_the_same_path()
    {
        await Shop.MakeAsync();
        await using (new FileStream("events.jsonl.incomplete", FileMode.Create, FileAccess.Write, FileShare.None))
        {
            (await Run.Piped("export", "shop.db", "--format", "xes", "--case", "nonsense", "--out", "events.jsonl")).ExitCode.Should().Be(2);
            (await Run.Piped("export", "shop.db", "--out", "events.jsonl")).ExitCode.Should().Be(0);
        }

        _folder.FileNames.Should().Equal("events.jsonl", "events.jsonl.incomplete", "shop.db");
    }

    [Fact]
    public async Task Two_exports_to_one_path_at_the_same_time_are_each_whole()
    {
        await AnyStore.MakeAsync("any.db", 8, events: 3_000);
        var whole = (await Run.Piped("export", "any.db")).Output;
        for (var round = 0; round < 5; round++)
        {
            var runs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => Run.Piped("export", "any.db", "--out", "events.jsonl", "--overwrite"))));

            runs.Select(run => run.ExitCode).Should().AllBeEquivalentTo(0);
            (await File.ReadAllTextAsync("events.jsonl")).Should().Be(whole);
        }

        _folder.FileNames.Should().Equal("any.db", "events.jsonl");
    }

    [Theory]
    [InlineData("export", "shop.db")]
    [InlineData("prove", "shop.db", "4")]
    public async Task File_from_a_store_that_only_its_owner_reads_is_read_by_no_one_else(params string[] command)
    {
        if (OperatingSystem.IsWindows()) return;
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await Shop.MakeAsync();
        await Run.Piped("checkpoint", "shop.db", "--new-key", "shop.example/ledger");
        File.SetUnixFileMode("shop.db", Owner);
        await Run.Piped([.. command, "--out", "private"]);
        File.SetUnixFileMode("shop.db", Owner | UnixFileMode.GroupRead);
        await Run.Piped([.. command, "--out", "of-a-group"]);

        File.GetUnixFileMode("private").Should().Be(Owner);
        File.GetUnixFileMode("of-a-group").Should().Be(Owner | UnixFileMode.GroupRead);
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
