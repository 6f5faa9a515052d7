using System.Diagnostics;
using EventSourcing.Tests.Postgres;

namespace EventSourcing.Tool.Tests;

/// <summary>Every command on a store in PostgreSQL. No run may print the password, which all texts have.</summary>
public sealed class PostgresTests : IDisposable
{
    private readonly WorkFolder _folder = new();
    private readonly PostgresStore? _place = PostgresServer.Obstacle is null ? new PostgresStore() : null;

    private PostgresStore Place => _place!;

    public void Dispose()
    {
        _place?.Dispose();
        _folder.Dispose();
    }

    [PostgresTheory]
    [InlineData("streams")]
    [InlineData("streams", "order-")]
    [InlineData("types")]
    [InlineData("read")]
    [InlineData("read", "--json")]
    [InlineData("read", "order-17")]
    [InlineData("read", "order-17", "--as-of", "v1")]
    [InlineData("read", "--type", "order-placed", "--tag", "vip", "--backwards", "--limit", "1")]
    [InlineData("read", "--prefix", "payment-", "--as-of", "2026-03-02T09:02Z")]
    [InlineData("event", "4")]
    [InlineData("event", "0197a3c2-5f60-7000-8000-000000000004", "--json")]
    [InlineData("trace", "0197a3c2-5f60-7000-8000-000000000001")]
    [InlineData("tail", "--after", "2", "--limit", "4")]
    [InlineData("export")]
    [InlineData("export", "--format", "csv")]
    [InlineData("export", "--format", "xes")]
    [InlineData("verify")]
    public async Task Read_a_database_prints_what_the_same_log_in_a_file_does(string command, params string[] arguments)
    {
        await Shop.MakeAsync();
        await RunAsync("copy", "shop.db", Place.Text);

        var run = await RunAsync([command, Place.Url, .. arguments]);

        run.ExitCode.Should().Be(0);
        run.Error.Should().BeEmpty();
        var expected = (await Run.Piped([command, "shop.db", .. arguments])).Output;
        run.Output.Should().Be(expected.Replace("there is none in 'shop.db.checkpoints'", "none is named; say with --checkpoints where those of this store are kept", StringComparison.Ordinal));
    }

    [PostgresFact]
    public async Task Read_what_is_not_there_makes_nothing()
    {
        (await RunAsync("info", Place.Text)).Error.Should().StartWith("error: ").And.Contain("there is no store in the schema");
        (await RunAsync("verify", Place.Text)).ExitCode.Should().Be(2);
        (await RunAsync("erase", Place.Text, "--position", "1", "--by", "ann", "--reason", "x", "--yes")).ExitCode.Should().Be(2);

        (await PostgresStore.RunAsync($"SELECT count(*) FROM pg_namespace WHERE nspname = '{Place.Schema}'")).Should().Be(0L);
    }

    [PostgresTheory]
    [InlineData("Port=1")]
    [InlineData("Database=nowhere")]
    [InlineData("Username=nobody-of-that-name")]
    [InlineData("Timeout=x")]
    public async Task Mistype_the_connection_says_so_and_shows_no_password(string part)
    {
        foreach (var command in (string[])["info", "verify", "upgrade", "explore"])
        {
            var run = await RunAsync(command, Place.Text + ";" + part);
            run.ExitCode.Should().Be(2);
            run.Error.Should().StartWith("error: ").And.EndWith("\n").And.NotContain("   at ");
        }
    }

    [PostgresFact]
    public async Task Take_the_store_from_the_environment()
    {
        await Shop.MakeAsync(Place.Open(new Shop.Clock()));

        var run = await Run.Of(new Run.Options { Environment = new() { ["SHOP"] = Place.Url } }, "info", "env:SHOP");

        run["store"].Should().Be(Place.Display);
        run["events"].Should().StartWith("6, recorded 2026-03-02 09:00:00Z");
        run.Both.Should().NotContain(PostgresStore.Password);
    }

    [PostgresFact]
    public async Task Sign_prove_and_check_a_log_in_a_database()
    {
        await Shop.MakeAsync(Place.Open(new Shop.Clock()));
        string[] files = ["--checkpoints", "shop.checkpoints", "--key", "shop.key"];

        (await RunAsync(["checkpoint", Place.Text, "--new-key", "shop.example/ledger", .. files])).ExitCode.Should().Be(0);
        var verify = await RunAsync("verify", Place.Text, "--checkpoints", "shop.checkpoints", "--key", "shop.key.pub");
        verify["result"].Should().Be("sound");
        verify["pinned"].Should().Be("events up to position 6");
        (await RunAsync("prove", Place.Text, "4", "--key", "shop.key.pub")).Error.Should().Contain("none is named; say with --checkpoints");
        (await RunAsync("verify", Place.Text))["compared with"].Should().StartWith("no checkpoint: none is named");
        (await RunAsync("prove", Place.Text, "4", "--out", "4.proof", "--checkpoints", "shop.checkpoints", "--key", "shop.key.pub")).ExitCode.Should().Be(0);
        var check = await Run.Piped("check", "4.proof", "--key", "shop.key.pub");
        check.ExitCode.Should().Be(0);
        check["stream"].Should().Be("order-17 version 2");

        await PostgresStore.RunAsync($"""
            ALTER TABLE "{Place.Schema}".events DISABLE TRIGGER ALL;
            UPDATE "{Place.Schema}".events SET data = convert_to(replace(convert_from(data, 'UTF8'), '31.5', '3.15'), 'UTF8') WHERE position = 2;
            ALTER TABLE "{Place.Schema}".events ENABLE ALWAYS TRIGGER append_only;
            ALTER TABLE "{Place.Schema}".events ENABLE ALWAYS TRIGGER not_truncated
            """);
        var broken = await RunAsync("verify", Place.Text, "--checkpoints", "shop.checkpoints", "--key", "shop.key.pub");
        broken.ExitCode.Should().Be(1);
        broken.Output.Should().Contain("positions 1-6").And.Contain("CheckpointMismatch").And.Contain("NOT SOUND");
    }

    [PostgresFact]
    public async Task Keep_a_database_by_its_own_tools_and_by_files_of_events()
    {
        await Shop.MakeAsync(Place.Open(new Shop.Clock()));
        (await RunAsync("backup", Place.Text, "copy.db")).Error.Should().Contain("pg_dump").And.Contain("evs copy");
        (await RunAsync("restore", "shop.db", Place.Text)).ExitCode.Should().Be(2);
        (await RunAsync("upgrade", Place.Text, "--yes")).Output.Should().Be($"'{Place.Display}' has today's schema already. Nothing was changed.\n");
        (await RunAsync("export", Place.Text, "--out", "events.jsonl")).ExitCode.Should().Be(0);

        using var other = new PostgresStore();
        (await RunAsync("import", "events.jsonl", other.Text))["result"].Should().Be("the root is that of the export");
        (await RunAsync("import", "events.jsonl", other.Url))["events"].Should().Be("6, of which 0 are new");
        (await RunAsync("export", other.Text)).Output.Should().Be(await File.ReadAllTextAsync("events.jsonl"));
    }

    [PostgresFact]
    public async Task Run_projections_by_orders_and_erase()
    {
        await Shop.MakeAsync(Place.Open(new Shop.Clock()));
        await using var app = await Shop.RunAsync(Place.Open());

        (await RunAsync("projections", "status", Place.Text)).Lines[1].Should().MatchRegex($@"^OrderSummaries +live +6 +0 +- +1 +\S+ pid {Environment.ProcessId}$");
        (await RunAsync("projections", "parked", Place.Text, "OrderSummaries")).Output.Should().Contain("position 6  order-cancelled  document 19");
        (await RunAsync("projections", "resume", Place.Text, "OrderSummaries")).ExitCode.Should().Be(0);
        (await RunAsync("projections", "rebuild-document", Place.Text, "OrderSummaries", "17")).ExitCode.Should().Be(0);
        (await RunAsync("projections", "skip", Place.Text, "OrderSummaries", "6", "--by", "ann", "--reason", "a test order", "--yes")).ExitCode.Should().Be(0);
        while ((await RunAsync("projections", "status", Place.Text, "--fail-on", "parked")).ExitCode != 0) await Task.Delay(20);
        (await RunAsync("projections", "skipped", Place.Text, "OrderSummaries")).Output.Should().Contain("Reason: a test order.");
        (await RunAsync("projections", "stop", Place.Text, "OrderSummaries")).ExitCode.Should().Be(0);
        while (!(await RunAsync("projections", "status", Place.Text)).Output.Contains("stopped", StringComparison.Ordinal)) await Task.Delay(20);
        (await RunAsync("projections", "start", Place.Text, "OrderSummaries")).ExitCode.Should().Be(0);

        (await RunAsync("erase", Place.Text, "--position", "2", "--by", "ann", "--reason", "x", "--yes")).Output.Should().Contain("on record at position 7");
        (await RunAsync("event", Place.Text, "2")).Output.Should().Contain("erased. The stream $erasures says");
        (await RunAsync("verify", Place.Text))["result"].Should().Be("sound");
    }

    [PostgresTheory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task Copy_any_store_to_a_database_and_back_is_the_same_log(int seed)
    {
        await AnyStore.MakeAsync("any.db", seed, events: 1_200);

        var there = await RunAsync("copy", "any.db", Place.Text);
        (await RunAsync("copy", Place.Url, "back.db"))["root"].Should().Be(there["root"]);

        there["root"].Should().Be((await Run.Piped("info", "any.db"))["root"] + ", equal in both");
        var log = (await Run.Piped("export", "any.db")).Output;
        (await RunAsync("export", Place.Text)).Output.Should().Be(log);
        (await Run.Piped("export", "back.db")).Output.Should().Be(log);
        (await RunAsync("verify", Place.Text))["result"].Should().Be("sound");
        (await Run.Piped("verify", "back.db"))["result"].Should().Be("sound");
    }

    [PostgresFact]
    public async Task Copy_to_a_database_killed_at_each_batch_goes_on_each_time()
    {
        await AnyStore.MakeAsync("any.db", 14, events: 16_000);
        var events = (await Run.Piped("info", "any.db", "--json")).Json[0].GetProperty("events").GetInt64();
        for (var reached = 0L; reached < events;)
        {
            using var copy = StartCopy();
            await using (var target = Place.Open())
            {
                while (!copy.HasExited && await target.GetHeadAsync() == reached) await Task.Delay(5);
                copy.Kill();
                await copy.WaitForExitAsync();
                var now = await target.GetHeadAsync();
                now.Should().BeGreaterThan(reached);
                reached = now;
            }
        }

        var last = await RunAsync("copy", "any.db", Place.Text);
        last["root"].Should().Be((await Run.Piped("info", "any.db"))["root"] + ", equal in both");
        (await RunAsync("export", Place.Text)).Output.Should().Be((await Run.Piped("export", "any.db")).Output);
    }

    [PostgresFact]
    public async Task Copy_a_database_onto_itself_seals_nothing_whatever_its_server_is_called()
    {
        await Shop.MakeAsync(Place.Open(new Shop.Clock()));
        var alias = Place.Text.Replace("Host=127.0.0.1", "Host=localhost", StringComparison.Ordinal);

        foreach (var same in new[] { Place.Text, Place.Url, alias })
        {
            var run = await RunAsync("copy", Place.Text, same, "--seal", "--yes");
            run.ExitCode.Should().Be(2);
            run.Error.Should().Contain("are one store. Nothing was copied, and it is not sealed.");
        }

        (await RunAsync("unseal", Place.Text)).Output.Should().Contain("is not sealed");
    }

    [PostgresTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Move_with_a_reactor_delivers_each_event_once(bool isToDatabase)
    {
        await (isToDatabase ? Shop.MakeAsync() : Shop.MakeAsync(Place.Open(new Shop.Clock())));
        var (from, to) = isToDatabase ? ("shop.db", Place.Text) : (Place.Text, "shop.db");
        var world = new List<(long Position, Guid Id)>();
        await MoveTests.DeliverAsync(Open(from), world, fails: 5);

        var copy = await RunAsync("copy", from, to, "--seal", "--yes");
        copy["reactors"].Should().Be("Mailing: each goes on where it was");
        await FluentActions.Awaiting(() => MoveTests.DeliverAsync(Open(from), world, fails: 0, resume: true))
            .Should().ThrowAsync<StoreMovedException>("nothing runs at the old place");
        await using (var app = new EventStore(Open(to), Shop.Types)) await app.AppendAsync("order-20", 0, [new OrderPlaced("Dan", 1)]);
        await MoveTests.DeliverAsync(Open(to), world, fails: 0, resume: true);

        world.Select(delivery => delivery.Position).Should().BeEquivalentTo([1L, 3L, 5L, 7L], "each order was placed once");
        world.Select(delivery => delivery.Id).Should().OnlyHaveUniqueItems();
        (await RunAsync("info", from))["sealed"].Should().Contain(isToDatabase ? Place.Display : Path.GetFullPath("shop.db"));
        (await RunAsync("verify", from))["result"].Should().Be("sound");
        (await RunAsync("unseal", from, "--yes")).ExitCode.Should().Be(0);
    }

    private static async Task<Run> RunAsync(params string[] arguments)
    {
        var run = await Run.Piped(arguments);
        run.Both.Should().NotContain(PostgresStore.Password).And.NotContain(Uri.EscapeDataString(PostgresStore.Password));
        return run;
    }

    private IEventStorage Open(string text) => text == Place.Text ? Place.Open() : new SqliteEventStorage(text);

    private Process StartCopy() => Process.Start(
        new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "evs.dll"), "copy", "any.db", Place.Text])
        {
            RedirectStandardOutput = true,
        })!;
}
