using System.Diagnostics;
using System.Text;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Tool.Tests;

/// <summary>Logs that move: by a file of events, and from store to store.</summary>
public sealed class MoveTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Export_and_import_any_store_has_the_same_root_and_bytes(int seed)
    {
        await AnyStore.MakeAsync("any.db", seed);

        (await Run.Piped("export", "any.db", "--out", "events.jsonl")).ExitCode.Should().Be(0);
        var import = await Run.Piped("import", "events.jsonl", "imported.db");

        import.Error.Should().BeEmpty();
        import.ExitCode.Should().Be(0);
        import["result"].Should().Be("the root is that of the export");
        import["root"].Should().Be((await Run.Piped("info", "any.db"))["root"]);
        (await Run.Piped("export", "imported.db")).Output.Should().Be(await File.ReadAllTextAsync("events.jsonl"));
        (await Run.Piped("verify", "imported.db"))["result"].Should().Be("sound");
    }

    [Fact]
    public async Task Import_a_file_that_an_editor_has_saved_with_a_mark_of_utf8_and_other_line_ends_is_the_same_log()
    {
        await AnyStore.MakeAsync("any.db", 8);
        var text = (await Run.Piped("export", "any.db")).Output;
        await File.WriteAllTextAsync("saved.jsonl", text.Replace("\n", "\r\n", StringComparison.Ordinal), new UTF8Encoding(true));
        (await File.ReadAllBytesAsync("saved.jsonl")).Should().StartWith([0xEF, 0xBB, 0xBF, (byte)'{']);

        var import = await Run.Piped("import", "saved.jsonl", "imported.db");

        import.Error.Should().BeEmpty();
        import["result"].Should().Be("the root is that of the export");
        (await Run.Piped("export", "imported.db")).Output.Should().Be(text);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Copy_any_store_there_and_back_is_the_same_log(int seed)
    {
        await AnyStore.MakeAsync("any.db", seed);

        var copy = await Run.Piped("copy", "any.db", "there.db");
        (await Run.Piped("copy", "there.db", "back.db")).ExitCode.Should().Be(0);

        copy.Error.Should().BeEmpty();
        copy["root"].Should().Be((await Run.Piped("info", "any.db"))["root"] + ", equal in both");
        (await Run.Piped("export", "back.db")).Output.Should().Be((await Run.Piped("export", "any.db")).Output);
        (await Run.Piped("verify", "back.db"))["result"].Should().Be("sound");
        (await Run.Piped("copy", "any.db", "there.db"))["events"].Should().EndWith("of which 0 are new");
    }

    [Fact]
    public async Task Import_a_file_that_is_cut_off_goes_on_with_the_whole_one()
    {
        await AnyStore.MakeAsync("any.db", 6, events: 2_500);
        var lines = (await Run.Piped("export", "any.db")).Output.Split('\n');
        await File.WriteAllTextAsync("half.jsonl", string.Join('\n', lines[..2_001]) + "\n" + lines[2_001][..20]);
        await File.WriteAllTextAsync("whole.jsonl", string.Join('\n', lines));

        var half = await Run.Piped("import", "half.jsonl", "imported.db");
        half.ExitCode.Should().Be(2);
        half.Error.Should().Contain("Line 2002 of 'half.jsonl' is cut off");
        (await Run.Piped("info", "imported.db", "--json")).Json[0].GetProperty("events").GetInt64().Should().BeInRange(1, 2_000);
        await File.WriteAllTextAsync("short.jsonl", string.Join('\n', lines[..2_101]) + "\n");
        var without = await Run.Piped("import", "short.jsonl", "imported.db");
        without.ExitCode.Should().Be(1);
        without["result"].Should().StartWith("NOT WHOLE: the file ends after 2100 of ");
        var whole = await Run.Piped("import", "whole.jsonl", "imported.db");
        whole["result"].Should().Be("the root is that of the export");
    }

    [Theory]
    [InlineData("\"data\":{\"customer\":\"Ann\"", "\"data\":{\"customer\":\"Eve\"", 1, "ANOTHER ROOT")]
    [InlineData("\"position\":3,", "\"position\":4,", 2, "has position 4 after 2")]
    [InlineData("\"position\":3,", "\"place\":3,", 2, "has a member 'place'")]
    [InlineData("\"format\":\"evs-events-1\"", "\"format\":\"evs-events-9\"", 2, "does not say the format")]
    [InlineData("\"root\"", "\"tree\"", 2, "has only some of the events")]
    [InlineData("\"recordedAt\":\"2026", "\"recordedAt\":\"xx26", 2, "is not an event")]
    [InlineData("\"version\":2,", "\"version\":3,", 2, "version 3")]
    public async Task Import_a_file_that_was_changed_says_so(string before, string after, int exitCode, string expected)
    {
        await Shop.MakeAsync();
        var text = (await Run.Piped("export", "shop.db")).Output;
        text.Should().Contain(before);
        await File.WriteAllTextAsync("events.jsonl", text.Replace(before, after, StringComparison.Ordinal));

        var run = await Run.Piped("import", "events.jsonl", "imported.db");

        run.ExitCode.Should().Be(exitCode);
        run.Both.Should().Contain(expected);
        if (exitCode == 2) _folder.FileNames.Should().Equal("events.jsonl", "shop.db");
    }

    [Fact]
    public async Task Import_an_export_of_no_events_makes_an_empty_store()
    {
        await using (var empty = new EventStore(new SqliteEventStorage("empty.db"), Shop.Types)) await empty.GetHeadAsync();
        await Run.Piped("export", "empty.db", "--out", "events.jsonl");

        (await Run.Piped("import", "events.jsonl", "imported.db"))["result"].Should().Be("the root is that of the export");

        (await Run.Piped("info", "imported.db"))["events"].Should().Be("none");
    }

    [Fact]
    public async Task Import_and_copy_into_another_log_write_nothing()
    {
        await Shop.MakeAsync();
        await Shop.MakeAsync("other.db");
        await Run.Piped("export", "shop.db", "--out", "events.jsonl");
        var other = (await Run.Piped("export", "other.db")).Output;

        (await Run.Piped("import", "events.jsonl", "other.db")).Error.Should().Contain("not the beginning of this export");
        (await Run.Piped("copy", "shop.db", "other.db")).ExitCode.Should().Be(2);
        (await Run.Piped("import", "nothing.jsonl", "new.db")).ExitCode.Should().Be(2);
        (await Run.Piped("copy", "nothing.db", "new.db")).ExitCode.Should().Be(2);

        (await Run.Piped("export", "other.db")).Output.Should().Be(other);
        _folder.FileNames.Should().NotContain("new.db");
    }

    [Fact]
    public async Task Copy_follows_the_log_until_somebody_presses_enter()
    {
        await Shop.MakeAsync();
        using var enter = new LateAnswer();
        await using (var app = new EventStore(new SqliteEventStorage("shop.db"), Shop.Types))
        {
            var copy = Run.Of(new Run.Options { Answer = "\n", Input = enter }, "copy", "shop.db", "copy.db", "--follow");
            for (var i = 0; i < 5; i++) await app.AppendAsync("order-20", i, [new OrderShipped("RX-1")]);
            await using (var target = new EventStore(new SqliteEventStorage("copy.db", new SqliteEventStorageOptions { ReadOnly = true }), Shop.Types))
            {
                while (!File.Exists("copy.db") || await HeadAsync(target) < 11) await Task.Delay(20);
            }

            enter.Press();
            var run = await copy;
            run.ExitCode.Should().Be(0);
            run["root"].Should().EndWith("equal in both");
            run["sealed"].Should().StartWith("the source takes no more writes");
            var refused = await FluentActions.Awaiting(() => app.AppendAsync("order-20", ExpectedVersion.Any, [new OrderShipped("RX-2")]))
                .Should().ThrowAsync<StoreMovedException>();
            refused.Which.MovedTo.Should().Be(Path.GetFullPath("copy.db"));
        }

        (await Run.Piped("export", "copy.db")).Output.Should().Be((await Run.Piped("export", "shop.db")).Output);
        (await Run.Piped("copy", "shop.db", "copy.db", "--follow")).Error.Should().Contain("Nobody is at the terminal");
    }

    [Theory]
    [InlineData("shop.db")]
    [InlineData("./shop.db")]
    [InlineData("link.db")]
    [InlineData("linked/shop.db")]
    [InlineData("env:TARGET")]
    public async Task Copy_a_store_onto_itself_is_refused_and_seals_nothing(string target)
    {
        if (OperatingSystem.IsWindows()) return;
        await Shop.MakeAsync();
        File.CreateSymbolicLink("link.db", "shop.db");
        Directory.CreateSymbolicLink("linked", ".");
        var before = await File.ReadAllBytesAsync("shop.db");
        var options = new Run.Options { Environment = new() { ["NO_COLOR"] = "1", ["TARGET"] = Path.GetFullPath("shop.db") } };

        foreach (var more in (string[][])[[], ["--seal", "--yes"], ["--follow"]])
        {
            var run = await Run.Of(options, ["copy", "shop.db", target, .. more]);
            run.ExitCode.Should().Be(2);
            run.Error.Should().Contain("are one store. Nothing was copied, and it is not sealed.");
        }

        (await File.ReadAllBytesAsync("shop.db")).Should().Equal(before);
        (await Run.Piped("unseal", "shop.db")).Output.Should().Be("'shop.db' is not sealed. Nothing was changed.\n");
    }

    [Fact]
    public async Task Copy_into_a_store_that_was_sealed_itself_does_not_seal_the_source()
    {
        await Shop.MakeAsync();
        await Run.Piped("copy", "shop.db", "moved.db");
        await Run.Piped("copy", "moved.db", "further.db", "--seal", "--yes");

        var run = await Run.Piped("copy", "shop.db", "moved.db", "--seal", "--yes");

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("'moved.db' was sealed itself").And.Contain("'shop.db' was not sealed.");
        (await Run.Piped("unseal", "shop.db")).Output.Should().Contain("is not sealed");
    }

    [Fact]
    public async Task Copy_that_follows_takes_the_end_of_the_input_for_no_enter()
    {
        await Shop.MakeAsync();

        var run = await Run.Of(new Run.Options { Answer = "\n", Input = new StringReader("") }, "copy", "shop.db", "copy.db", "--follow");

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("The source was not sealed.");
        (await Run.Piped("unseal", "shop.db")).Output.Should().Be("'shop.db' is not sealed. Nothing was changed.\n");
        (await Run.Piped("copy", "shop.db", "copy.db", "--seal", "--yes")).ExitCode.Should().Be(0, "it goes on");
    }

    [Fact]
    public async Task Copy_that_seals_lets_each_append_be_in_the_copy_or_refused()
    {
        await Shop.MakeAsync();
        await using var app = new EventStore(new SqliteEventStorage("shop.db"), Shop.Types);
        var last = 0L;
        var appending = Task.Run(async () =>
        {
            try
            {
                while (true) last = (await app.AppendAsync("order-20", ExpectedVersion.Any, [new OrderShipped("RX-1")])).Position;
            }
            catch (StoreMovedException)
            {
                // That is what ends it.
            }
        });

        var run = await Run.Piped("copy", "shop.db", "moved.db", "--seal", "--yes", "--json");
        await appending;

        var copied = run.Json.Should().ContainSingle().Subject;
        copied.GetProperty("events").GetInt64().Should().Be(last).And.Be(await app.GetHeadAsync());
        copied.GetProperty("isSealed").GetBoolean().Should().BeTrue();
        (await Run.Piped("export", "moved.db")).Output.Should().Be((await Run.Piped("export", "shop.db")).Output);
        (await Run.Piped("verify", "shop.db"))["result"].Should().Be("sound");
        (await Run.Piped("verify", "moved.db"))["result"].Should().Be("sound");
    }

    [Fact]
    public async Task Sealed_store_takes_no_writes_until_it_is_unsealed()
    {
        await Shop.MakeAsync();
        (await Run.Piped("copy", "shop.db", "moved.db", "--seal")).Error.Should().Contain("Say --yes to go on. Nothing was changed.");
        _folder.FileNames.Should().NotContain("moved.db");
        (await Run.Piped("unseal", "shop.db")).Output.Should().Be("'shop.db' is not sealed. Nothing was changed.\n");
        (await Run.Piped("copy", "shop.db", "moved.db", "--seal", "--yes")).ExitCode.Should().Be(0);
        var there = Path.GetFullPath("moved.db");

        (await Run.Piped("info", "shop.db"))["sealed"].Should().Be($"it has moved to '{there}' and takes no more writes");
        (await Run.Piped("info", "shop.db", "--json")).Json[0].GetProperty("movedTo").GetString().Should().Be(there);
        (await Run.Piped("read", "shop.db", "order-17")).Lines.Should().HaveCount(4);
        (await Run.Piped("erase", "shop.db", "--position", "1", "--by", "ann", "--reason", "x", "--yes")).Error
            .Should().Contain($"has moved to '{there}'").And.EndWith("Use the store there.\n");
        (await Run.Piped("copy", "shop.db", "other.db", "--seal", "--yes")).Error.Should().Contain($"was sealed when it moved to '{there}'. Nothing was copied.");
        _folder.FileNames.Should().NotContain("other.db");
        (await Run.Piped("copy", "shop.db", "moved.db", "--seal", "--yes")).ExitCode.Should().Be(0, "it can be repeated");
        (await Run.Piped("backup", "shop.db", "backup.db")).ExitCode.Should().Be(0);
        (await Run.Piped("info", "backup.db"))["sealed"].Should().Contain(there, "a backup is sealed as the store is");

        (await Run.Piped("unseal", "shop.db")).Error.Should().Contain("Say --yes");
        (await Run.Piped("unseal", "shop.db", "--yes")).Output.Should().StartWith("'shop.db' takes writes again.");
        (await Run.Piped("erase", "shop.db", "--position", "1", "--by", "ann", "--reason", "x", "--yes")).ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task Sealed_store_stops_what_the_app_still_runs_there()
    {
        await Shop.MakeAsync();
        var world = new List<(long Position, Guid Id)>();
        await using var app = new EventStore(new SqliteEventStorage("shop.db"), Shop.Types);
        await using var running = await app.StartReactorsAsync(new ProjectionOptions { RetryDelays = [] }, new Mailing(world, fails: 0));
        while ((await app.ProjectionAdmin().GetStatusAsync()) is not [{ Lag: 0 }]) await Task.Delay(20);

        var run = await Run.Piped("copy", "shop.db", "moved.db", "--seal", "--yes");

        run.Error.Should().Contain("The app still runs on the source").And.Contain("It can write nothing there any more");
        await FluentActions.Awaiting(() => app.ProjectionAdmin().StopAsync("Mailing")).Should().ThrowAsync<StoreMovedException>();
        await DeliverAsync(new SqliteEventStorage("moved.db"), world, fails: 0);
        world.Select(delivery => delivery.Position).Should().BeEquivalentTo([1L, 3L, 5L], "each order was placed once");
    }

    [Fact]
    public async Task Copy_takes_reactors_along_so_that_each_event_is_delivered_once()
    {
        await Shop.MakeAsync();
        var world = new List<(long Position, Guid Id)>();
        await DeliverAsync(new SqliteEventStorage("shop.db"), world, fails: 5);
        (await Run.Piped("copy", "shop.db", "moved.db"))["reactors"].Should().Be("Mailing: each goes on where it was");
        (await Run.Piped("projections", "parked", "moved.db", "Mailing")).Output.Should().Contain("position 5  order-placed  stream order-19");
        (await Run.Piped("copy", "shop.db", "moved.db")).ExitCode.Should().Be(0, "nothing has gone on in the target");

        await using (var app = new EventStore(new SqliteEventStorage("moved.db"), Shop.Types)) await app.AppendAsync("order-20", 0, [new OrderPlaced("Dan", 1)]);
        await DeliverAsync(new SqliteEventStorage("moved.db"), world, fails: 0, resume: true);

        world.Select(delivery => delivery.Position).Should().BeEquivalentTo([1L, 3L, 5L, 7L], "each order was placed once");
        world.Select(delivery => delivery.Id).Should().OnlyHaveUniqueItems();
        var again = await Run.Piped("copy", "shop.db", "moved.db");
        again.ExitCode.Should().Be(2, "the target has gone on");
    }

    [Fact]
    public async Task Copy_killed_again_and_again_goes_on_each_time()
    {
        await AnyStore.MakeAsync("any.db", 7, events: 8_000);
        for (var round = 0; round < 4; round++)
        {
            using var copy = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "evs.dll"), "copy", "any.db", "copy.db"]) { RedirectStandardOutput = true })!;
            await Task.WhenAny(copy.WaitForExitAsync(), Task.Delay(150 * round));
            copy.Kill();
            await copy.WaitForExitAsync();
        }

        (await Run.Piped("copy", "any.db", "copy.db")).ExitCode.Should().Be(0);
        (await Run.Piped("export", "copy.db")).Output.Should().Be((await Run.Piped("export", "any.db")).Output);
    }

    [Theory]
    [InlineData("")]
    [InlineData("PRAGMA user_version = 0")]
    [InlineData("PRAGMA journal_mode = WAL")]
    public async Task Copy_that_was_killed_while_it_made_the_target_goes_on(string begun)
    {
        await AnyStore.MakeAsync("any.db", 9);
        await ExecuteAsync("copy.db", begun);

        var copy = await Run.Piped("copy", "any.db", "copy.db");

        copy.Error.Should().BeEmpty();
        copy["root"].Should().Be((await Run.Piped("info", "any.db"))["root"] + ", equal in both");
        await ExecuteAsync("imported.db", begun);
        (await Run.Piped("export", "any.db", "--out", "any.jsonl")).ExitCode.Should().Be(0);
        (await Run.Piped("import", "any.jsonl", "imported.db"))["result"].Should().Be("the root is that of the export");
    }

    [Fact]
    public async Task Copy_into_the_database_of_another_app_is_refused_and_leaves_it_as_it_is()
    {
        await AnyStore.MakeAsync("any.db", 10);
        await ExecuteAsync("other.db", "CREATE TABLE customers (id INTEGER PRIMARY KEY)");
        var before = await File.ReadAllBytesAsync("other.db");

        var copy = await Run.Piped("copy", "any.db", "other.db");

        copy.ExitCode.Should().Be(2);
        copy.Error.Should().Contain("a SQLite database of another application").And.Contain("It was not changed.");
        (await File.ReadAllBytesAsync("other.db")).Should().Equal(before);
    }

    private static async Task ExecuteAsync(string path, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        if (sql.Length > 0) await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> HeadAsync(EventStore store)
    {
        try
        {
            return await store.GetHeadAsync();
        }
        catch (EventSourcingException)
        {
            return 0; // it is just being made
        }
    }

    /// <summary>Runs a reactor on what there is, and notes what it has delivered.</summary>
    internal static async Task DeliverAsync(IEventStorage storage, List<(long, Guid)> world, long fails, bool resume = false)
    {
        await using var store = new EventStore(storage, Shop.Types);
        await using var running = await store.StartReactorsAsync(new ProjectionOptions { RetryDelays = [] }, new Mailing(world, fails));
        if (resume) await store.ProjectionAdmin().ResumeAllAsync("Mailing");
        while (true)
        {
            var status = (await store.ProjectionAdmin().GetStatusAsync()).Single(s => s.Name == "Mailing");
            if (status.Lag == 0 && status.Parked == (fails > 0 ? 1 : 0)) return;
            await Task.Delay(20);
        }
    }

    private sealed class LateAnswer : TextReader
    {
        private readonly TaskCompletionSource _pressed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Press() => _pressed.SetResult();

        public override async ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken)
        {
            await _pressed.Task.WaitAsync(cancellationToken);
            return "";
        }
    }
}

/// <summary>Sends a mail for each order; the world is a list.</summary>
public sealed class Mailing : Reactor
{
    public Mailing(List<(long Position, Guid Id)> world, long fails) => On<OrderPlaced>((e, delivery, _) =>
    {
        if (delivery.Event.Position == fails) throw new InvalidOperationException("The mail server is down.");
        lock (world) world.Add((delivery.Event.Position, delivery.Id));
        return Task.CompletedTask;
    });

    public override StartFrom Start => StartFrom.Beginning;
}
