using System.Text;

namespace EventSourcing.Tool.Tests;

/// <summary>The commands that read and touch nothing.</summary>
public sealed class ReadTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string[]> ReadVerbs =>
    [
        ["info", "shop.db"], ["streams", "shop.db"], ["types", "shop.db"], ["read", "shop.db"], ["read", "shop.db", "order-17"],
        ["event", "shop.db", "1"], ["trace", "shop.db", "0197a3c2-5f60-7000-8000-000000000001"], ["tail", "shop.db", "--limit", "1", "--after", "0"],
        ["verify", "shop.db"], ["projections", "status", "shop.db"], ["export", "shop.db"],
    ];

    [Theory]
    [MemberData(nameof(ReadVerbs))]
    public async Task Read_a_store_that_is_not_there_makes_none(string[] arguments)
    {
        var run = await Run.Piped(arguments);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Be("error: There is no file 'shop.db'. Check the path; nothing was made there.\n");
        _folder.FileNames.Should().BeEmpty();
    }

    [Theory]
    [InlineData("folder", "a folder")]
    [InlineData("/dev/null", "a pipe, a device or a socket")]
    [InlineData("/proc/self/mem", "a view of the running system")]
    public async Task Read_what_is_no_file_says_one_thing_to_do(string path, string what)
    {
        if (!OperatingSystem.IsLinux()) return;
        Directory.CreateDirectory("folder");
        foreach (var verb in (string[])["info", "verify", "export", "checkpoint"])
        {
            var run = await Run.Piped(verb, path);

            (run.ExitCode, run.Output).Should().Be((2, ""));
            run.Error.Should().Be($"error: '{Path.GetFullPath(path)}' cannot be used as an event store: it is {what}, not a file. Choose another path. It was not changed.\n");
        }

        _folder.FileNames.Should().Equal("folder");
    }

    [Theory]
    [MemberData(nameof(ReadVerbs))]
    public async Task Read_a_store_of_an_older_schema_leaves_each_byte_of_it(string[] arguments)
    {
        await MakeOldAsync();
        var before = await ContentAsync();

        var run = await Run.Piped(arguments);

        run.ExitCode.Should().Be(2);
        run.Error.Should().StartWith("error: ").And.Contain("older").And.EndWith("\n");
        (await ContentAsync()).Should().Equal(before);
    }

    [Theory]
    [MemberData(nameof(ReadVerbs))]
    public async Task Read_a_store_changes_no_byte_of_it(string[] arguments)
    {
        await Shop.MakeAsync();
        var before = await ContentAsync();

        var run = await Run.Piped(arguments);

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        (await ContentAsync()).Should().Equal(before);
    }

    [Fact]
    public async Task Upgrade_asks_and_only_then_changes_the_file()
    {
        await MakeOldAsync();
        var before = await ContentAsync();

        (await Run.Piped("upgrade", "shop.db")).ExitCode.Should().Be(2, "nobody is there to answer");
        (await Run.Of(new Run.Options { Answer = "n\n" }, "upgrade", "shop.db")).ExitCode.Should().Be(2);
        (await ContentAsync()).Should().Equal(before);
        (await Run.Of(new Run.Options { Answer = "y\n" }, "upgrade", "shop.db")).Output.Should().Be("'shop.db' was upgraded: 6 events.\n");
        (await Run.Piped("verify", "shop.db"))["result"].Should().Be("sound");
        (await Run.Piped("upgrade", "shop.db", "--yes")).Output.Should().Contain("today's schema already");
    }

    [Fact]
    public async Task Read_what_a_killed_process_left_without_an_index_is_refused_until_upgrade_has_finished_it()
    {
        await Shop.MakeAsync();
        await using (await Shop.RunAsync())
        {
            foreach (var file in (string[])["shop.db", "shop.db-wal"]) File.Copy(file, file.Replace("shop", "left", StringComparison.Ordinal));
        }

        var run = await Run.Piped("info", "left.db");
        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("was left by a process that was killed").And.Contain("Run 'evs upgrade'").And.NotContain("Options");
        _folder.FileNames.Should().Contain("left.db-wal");

        (await Run.Piped("upgrade", "left.db")).Output.Should().Be("'left.db' was recovered: 6 events.\n");
        (await Run.Piped("verify", "left.db"))["result"].Should().Be("sound");
        (await Run.Piped("projections", "status", "left.db")).Output.Should().Contain("OrderSummaries");
        _folder.FileNames.Should().NotContain("left.db-wal");
    }

    [Fact]
    public async Task Read_where_a_restore_was_stopped_says_so_and_restoring_again_mends_it()
    {
        await Shop.MakeAsync();
        await Run.Piped("backup", "shop.db", "copy.db");
        File.WriteAllText("shop.db.replacing", "shop.db.replaced-20261130T120000Z");
        File.Move("shop.db", "shop.db.replaced-20261130T120000Z");

        (await Run.Piped("info", "shop.db")).Error.Should().Contain("is moving the store that was here to 'shop.db.replaced-20261130T120000Z'").And.Contain("restore the backup again");

        (await Run.Piped("restore", "copy.db", "shop.db"))["moved aside"].Should().Be("shop.db.replaced-20261130T120000Z");
        (await Run.Piped("verify", "shop.db"))["result"].Should().Be("sound");
        _folder.FileNames.Should().Equal("copy.db", "shop.db", "shop.db.replaced-20261130T120000Z");
    }

    [Fact]
    public async Task Read_as_json_keeps_each_digit()
    {
        await using (var storage = new SqliteEventStorage("shop.db"))
            await storage.AppendAsync(new AppendRequest([new StreamWrite("big", 0, [new NewEvent(Guid.CreateVersion7(), "counted", """{"n":9007199254740993,"d":1.10,"e":1E400}"""u8.ToArray())])]));

        (await Run.Piped("read", "shop.db", "--json")).Output.Should().Contain("""
            "data":{"n":9007199254740993,"d":1.10,"e":1E400}}
            """.Trim());
        (await Run.AtTerminal("event", "shop.db", "1")).Output.Should().Contain("9007199254740993").And.Contain("1.10").And.Contain("1E400");
    }

    [Fact]
    public async Task Read_what_is_no_json_as_json_has_its_bytes_in_base64()
    {
        byte[][] payloads = [[], [0xFF, 0xFE], "{\n}"u8.ToArray(), "{\"a\":"u8.ToArray(), " 1"u8.ToArray(), "\"\u001B[2J\""u8.ToArray()];
        await using (var storage = new SqliteEventStorage("shop.db"))
            await storage.AppendAsync(new AppendRequest([new StreamWrite("raw", 0, [.. payloads.Select(payload => new NewEvent(Guid.CreateVersion7(), "raw", payload))])]));

        var run = await Run.Piped("read", "shop.db", "--json");

        run.Json.Select(e => e.GetProperty("dataBase64").GetBytesFromBase64()).Should().BeEquivalentTo(payloads, options => options.WithStrictOrdering());
    }

    [Fact]
    public async Task Read_what_has_half_a_character_shows_it_as_it_is_stored()
    {
        byte[][] payloads = ["""{"\ud800":1}"""u8.ToArray(), """{"text":"a\ud800"}"""u8.ToArray()];
        await using (var storage = new SqliteEventStorage("shop.db"))
        {
            await storage.AppendAsync(new AppendRequest([new StreamWrite("raw", 0,
                [.. payloads.Select(payload => new NewEvent(Guid.CreateVersion7(), "raw", payload) { Metadata = """{"correlat\ud800":"x","correlationId":"\udc00"}"""u8.ToArray() })])]));
        }

        (await Run.Piped("read", "shop.db")).Should().Match<Run>(run => run.ExitCode == 0 && run.Error == "");
        (await Run.Piped("read", "shop.db", "--json")).Output.Should().Contain("""{"\ud800":1}""").And.Contain("""{"text":"a\ud800"}""");
        (await Run.AtTerminal("event", "shop.db", "1")).Output.Should().Contain("""{"\ud800":1}""");
        (await Run.AtTerminal("event", "shop.db", "2")).Output.Should().Contain("""a\ud800""");
        (await Run.Piped("trace", "shop.db", "nothing")).Error.Should().Contain("No event has the correlation 'nothing'");
        (await Run.Piped("export", "shop.db", "--format", "csv")).Output.Should().Contain("ud800");
        (await Run.Piped("export", "shop.db", "--format", "xes", "--case", "data:text")).Output.Should().Contain("""a\ud800""");
        (await Run.Piped("export", "shop.db", "--format", "xes")).Output.Should().Contain("""data:\ud800""").And.Contain("""a\ud800""");
    }

    [Fact]
    public async Task Read_by_options_returns_what_they_say()
    {
        await Shop.MakeAsync();

        (await PositionsAsync("read", "shop.db")).Should().Equal(1, 2, 3, 4, 5, 6);
        (await PositionsAsync("read", "shop.db", "order-17")).Should().Equal(1, 4);
        (await PositionsAsync("read", "shop.db", "order-17", "--after", "1")).Should().Equal(4);
        (await PositionsAsync("read", "shop.db", "order-17", "--as-of", "v1")).Should().Equal(1);
        (await PositionsAsync("read", "shop.db", "order-17", "--as-of", "3")).Should().Equal(1);
        (await PositionsAsync("read", "shop.db", "order-17", "--type", "order-shipped")).Should().Equal(4);
        (await PositionsAsync("read", "shop.db", "--after", "2", "--limit", "2")).Should().Equal(3, 4);
        (await PositionsAsync("read", "shop.db", "--backwards", "--limit", "2")).Should().Equal(6, 5);
        (await PositionsAsync("read", "shop.db", "order-17", "--backwards")).Should().Equal(4, 1);
        (await PositionsAsync("read", "shop.db", "--type", "order-placed", "--type", "order-shipped")).Should().Equal(1, 3, 4, 5);
        (await PositionsAsync("read", "shop.db", "--tag", "vip", "--prefix", "order-19")).Should().Equal(5);
        (await PositionsAsync("read", "shop.db", "--as-of", "2026-03-02T09:02Z")).Should().HaveCountLessThan(6).And.StartWith([1L]);
        (await PositionsAsync("read", "shop.db", "--as-of", "2026-03-01")).Should().BeEmpty();
        (await PositionsAsync("read", "shop.db", "--as-of", "2026-03-02")).Should().HaveCount(6, "a day includes all of it");
    }

    [Theory]
    [InlineData("--as-of", "yesterday", "is no time")]
    [InlineData("--limit", "0", "not a whole number")]
    [InlineData("--after", "-1", "not a whole number")]
    [InlineData("--no-such-option", "1", "evs read --help")]
    public async Task Mistype_an_option_is_one_line_and_exit_code_2(string option, string value, string expected)
    {
        await Shop.MakeAsync();

        var run = await Run.Piped("read", "shop.db", option, value);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain(expected);
        run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().ContainSingle().Which.Should().StartWith("error: ");
        run.Output.Should().BeEmpty();
    }

    [Fact]
    public async Task Ask_for_what_is_not_there_says_so()
    {
        await Shop.MakeAsync();

        (await Run.Piped("read", "shop.db", "order-99")).Error.Should().Be("error: There is no stream 'order-99'. 'evs streams' lists them.\n");
        (await Run.Piped("read", "shop.db", "--as-of", "v3")).Error.Should().Contain("only a stream has versions");
        (await Run.Piped("event", "shop.db", "7")).Error.Should().Be("error: There is no event at position 7; the log has 6.\n");
        (await Run.Piped("event", "shop.db", "seven")).ExitCode.Should().Be(2);
        (await Run.Piped("event", "shop.db", Guid.Empty.ToString())).ExitCode.Should().Be(2);
        (await Run.Piped("read", "shop.db", "--type", "order-palced")).Error.Should().Contain("No event has the type 'order-palced'");
        (await Run.Piped("read", "env:EVS_TEST")).Error.Should().Contain("'EVS_TEST' is not set");
        (await Run.Of(new Run.Options { Environment = new() { ["EVS_TEST"] = "shop.db" } }, "info", "env:EVS_TEST"))["events"].Should().StartWith("6,");
    }

    [Fact]
    public async Task Read_hostile_names_and_data_prints_nothing_that_controls_a_terminal()
    {
        const string Hostile = "\e]0;pwned\a\e[2J\u202Edetrevni\u2028\u0085";
        await using (var storage = new SqliteEventStorage("shop.db"))
        {
            await storage.AppendAsync(new AppendRequest([new StreamWrite("\u202Eorder", 0,
                [new NewEvent(Guid.CreateVersion7(), "ty\u2066pe", Encoding.UTF8.GetBytes("\"" + Hostile + "\"")) { Tags = ["t\u200Bag"] }])]));
        }

        foreach (var arguments in (string[][])[["read", "shop.db"], ["streams", "shop.db"], ["types", "shop.db"], ["event", "shop.db", "1"], ["tail", "shop.db", "--limit", "1"]])
        {
            var run = await Run.Of(new Run.Options { IsTerminal = true }, arguments);
            run.ExitCode.Should().Be(0);
            run.Output.Where(c => c != '\n' && (char.IsControl(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format || c == '\u2028')).Should().BeEmpty(string.Join(' ', arguments));
        }
    }

    [Theory]
    [MemberData(nameof(ReadVerbs))]
    public async Task Read_at_a_narrow_terminal_fits_into_it(string[] arguments)
    {
        await Shop.MakeAsync();
        await using (var storage = new SqliteEventStorage("shop.db"))
        {
            await storage.AppendAsync(new AppendRequest([new StreamWrite("order-" + new string('九', 150), 0,
                [new NewEvent(Guid.CreateVersion7(), "a-type-with-a-very-long-name-of-more-than-sixty-characters-in-all", Encoding.UTF8.GetBytes($$"""{"text":"{{new string('x', 3000)}}"}"""))])]));
        }

        var run = await Run.AtTerminal(arguments[0] == "export" ? ["info", "shop.db"] : arguments);

        run.ExitCode.Should().Be(0);
        run.Lines.Where(line => Cells.Width(line) > 80).Should().BeEmpty();
    }

    [Fact]
    public async Task Print_in_colours_at_a_terminal_alone_and_not_if_somebody_asked_for_none()
    {
        await Shop.MakeAsync();
        var colors = new Run.Options { IsTerminal = true, Environment = [] };

        (await Run.Of(colors, "read", "shop.db")).Output.Should().Contain("\e[1m");
        (await Run.Of(colors, "read", "shop.db", "--no-color")).Output.Should().NotContain("\e");
        (await Run.Of(colors with { Environment = new() { ["NO_COLOR"] = "1" } }, "read", "shop.db")).Output.Should().NotContain("\e");
        (await Run.Of(colors with { Environment = new() { ["TERM"] = "dumb" } }, "read", "shop.db")).Output.Should().NotContain("\e");
        (await Run.Of(colors with { IsTerminal = false }, "read", "shop.db")).Output.Should().NotContain("\e");
    }

    [Fact]
    public async Task Trace_shows_causes_and_effects_whichever_of_them_is_named()
    {
        await Shop.MakeAsync();
        var expected = (await Run.Piped("trace", "shop.db", Shop.IdAt(1).ToString())).Output;

        expected.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[..line.IndexOf("  ", line.IndexOf('─') + 1, StringComparison.Ordinal)]).Should().Equal("order-placed", "└─ payment-taken", "   └─ order-shipped");
        (await Run.Piped("trace", "shop.db", Shop.IdAt(4).ToString())).Output.Should().Be(expected);
        (await Run.Piped("trace", "shop.db", "nothing")).Error.Should().Contain("No event has the correlation 'nothing'");
        (await Run.Piped("trace", "shop.db", Shop.IdAt(1).ToString(), "--json")).Json.Select(e => e.GetProperty("depth").GetInt32()).Should().Equal(0, 1, 2);
    }

    [Fact]
    public async Task Tail_begins_with_the_last_events_and_goes_on_with_new_ones()
    {
        await Shop.MakeAsync();
        await using var store = new EventStore(new SqliteEventStorage("shop.db"), Shop.Types);
        var tail = Run.Piped("tail", "shop.db", "--limit", "8", "--json");
        await store.AppendAsync("order-20", 0, [new OrderPlaced("Dan", 1), new OrderShipped("RX-1")]);

        (await tail).Json.Select(e => e.GetProperty("position").GetInt64()).Should().Equal(1, 2, 3, 4, 5, 6, 7, 8);
        (await PositionsAsync("tail", "shop.db", "--type", "order-shipped", "--limit", "2")).Should().Equal(4, 8);
    }

    private static async Task<IEnumerable<long>> PositionsAsync(params string[] arguments)
    {
        var run = await Run.Piped([.. arguments, "--json"]);
        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        return run.Json.Select(e => e.GetProperty("position").GetInt64());
    }

    private static async Task MakeOldAsync()
    {
        await Shop.MakeAsync("today.db");
        EventSourcing.Sqlite.Tests.OldStore.MakeVersion1Of("today.db", "shop.db");
        File.Delete("today.db");
    }

    private static async Task<IReadOnlyList<string>> ContentAsync()
    {
        var content = new List<string>();
        foreach (var path in Directory.EnumerateFiles(".").Order(StringComparer.Ordinal))
            content.Add(path + " " + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(path))));
        return content;
    }
}
