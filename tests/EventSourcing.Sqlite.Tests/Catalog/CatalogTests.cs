using EventSourcing.Sqlite.Tests.ReadModels;
using SQLitePCL;

namespace EventSourcing.Sqlite.Tests.Catalog;

/// <summary>What the file holds is listed by its indexes; damage is a typed error, and older files are listed as well.</summary>
public sealed class CatalogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The count of the engine's own steps says what a listing costs, whatever the machine does beside it.</summary>
    [Theory]
    [InlineData("", null)]
    [InlineData("s-", null)]
    [InlineData("s-", "s-1000")]
    [InlineData("s-", "A")]
    [InlineData("", "s-1000")]
    [InlineData("nobody-", null)]
    [InlineData("nobody-", "m")]
    public async Task List_a_page_of_streams_takes_as_many_steps_in_a_log_ten_times_as_long(string prefix, string? after)
    {
        var listing = new StreamListing { Prefix = prefix, After = after, Limit = 20 };
        var costs = new List<long>();
        foreach (var events in (int[])[2_000, 18_000])
        {
            await using (var storage = new SqliteEventStorage(_folder.Store)) await FillAsync(storage, events);
            using var database = Connector.OpenForAppSql(_folder.Store, create: false);
            var page = CatalogReader.ReadStreams(database, listing);
            page.Streams.Count.Should().Be(prefix == "nobody-" ? 0 : 20);
            var (steps, plans) = CostOf(database);
            costs.Add(steps);
            plans.Should().NotBeEmpty();
            string.Join('\n', plans).Should().NotContain("SCAN ").And.NotContain("TEMP B-TREE");
        }

        costs[1].Should().Be(costs[0]).And.BeLessThan(1_000);
    }

    [Fact]
    public async Task List_more_streams_than_a_page_may_have_ends_the_page_earlier_and_goes_on()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await FillAsync(storage, 40_000);

        var first = await storage.Catalog.ListStreamsAsync(new StreamListing { Limit = int.MaxValue });
        var second = await storage.Catalog.ListStreamsAsync(new StreamListing { Limit = int.MaxValue, After = first.Streams[^1].Name });

        (first.IsEnd, second.IsEnd).Should().Be((false, true));
        first.Streams.Concat(second.Streams).Select(stream => stream.Name).Should().OnlyHaveUniqueItems().And.HaveCount(20_000);
    }

    [Fact]
    public async Task Count_types_of_a_long_log_counts_the_last_events_only()
    {
        await using (var storage = new SqliteEventStorage(_folder.Store)) await FillWithTypesAsync(storage);
        using var database = Connector.OpenForAppSql(_folder.Store, create: false);

        CatalogReader.ReadEventTypes(database).Should().Equal(ExpectedTypes());

        // Three steps for each event after the last count, and a few for each type.
        CostOf(database).Steps.Should().BeLessThan(5 * (Events - Counted));
    }

    [Fact]
    public async Task Count_types_of_a_file_that_has_no_counts_yet_counts_them_all_and_keeps_them_from_then_on()
    {
        await using (var storage = new SqliteEventStorage(_folder.Store)) await FillWithTypesAsync(storage);
        Change("DROP TABLE event_type_counts");
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            (await storage.Catalog.ListEventTypesAsync()).Should().Equal(ExpectedTypes());
            (await storage.ReadSql<long>("SELECT count(*) FROM sqlite_master WHERE name = 'event_type_counts'")).Should().Be(0);
            await FillWithTypesAsync(storage);
            var types = await storage.Catalog.ListEventTypesAsync();
            types.Select(type => type.Count).Should().Equal(ExpectedTypes().Select(type => 2 * type.Count));
            (await storage.ReadSql<long>("SELECT max(position) FROM event_type_counts")).Should().Be(2 * Counted);
        }

        await ExpectSoundAsync();
    }

    /// <summary>An older version of the package goes on without the counts, which stay right.</summary>
    [Fact]
    public async Task Count_types_where_counts_are_of_different_positions_is_exact()
    {
        await using (var storage = new SqliteEventStorage(_folder.Store)) await FillWithTypesAsync(storage);
        Change("DELETE FROM event_type_counts WHERE type = (SELECT id FROM event_types WHERE name = 'rare')");
        Change("UPDATE event_type_counts SET position = 10, count = 9 WHERE type = (SELECT id FROM event_types WHERE name = 'common')");
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            (await storage.Catalog.ListEventTypesAsync()).Should().Equal(ExpectedTypes());
        }

        await ExpectSoundAsync();
    }

    [Theory]
    [InlineData("UPDATE event_type_counts SET count = count + 1", true)]
    [InlineData("UPDATE event_type_counts SET count = -1", false)]
    [InlineData("UPDATE event_type_counts SET count = 'x', position = 'y'", true)]
    [InlineData("UPDATE event_type_counts SET count = 1e300", false)]
    [InlineData("UPDATE event_type_counts SET position = 9223372036854775807", false)]
    [InlineData("UPDATE event_type_counts SET position = -1", false)]
    public async Task Verify_counts_that_are_wrong_finds_them_and_listing_refuses_what_cannot_be(string change, bool isPossible)
    {
        await using (var storage = new SqliteEventStorage(_folder.Store)) await FillWithTypesAsync(storage);
        Change(change);
        await using var store = new EventStore(new SqliteEventStorage(_folder.Store), new EventTypes());

        var list = async () => await store.Catalog.ListEventTypesAsync();
        if (isPossible) await list.Should().NotThrowAsync();
        else (await list.Should().ThrowAsync<StoreCorruptedException>()).WithMessage("*event_type_counts*");
        var findings = (await store.Ledger.VerifyAsync()).Findings;
        findings.Should().NotBeEmpty().And.OnlyContain(finding => finding.Kind == LedgerFindingKind.IndexMismatch);
        findings.Should().OnlyContain(finding => finding.Description.Contains("event_type_counts", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("CREATE TABLE event_type_counts (mine TEXT); INSERT INTO event_type_counts VALUES ('kept')")]
    [InlineData("CREATE TABLE Event_Type_Counts (mine TEXT); INSERT INTO Event_Type_Counts VALUES ('kept')")]
    [InlineData("CREATE VIEW event_type_counts AS SELECT 'kept'")]
    public async Task Count_types_beside_a_table_of_the_apps_own_of_that_name_leaves_it_alone(string make)
    {
        await using (var storage = new SqliteEventStorage(_folder.Store)) await storage.AppendAsync(Some.Append("before", 0));
        Change(make);
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await FillWithTypesAsync(storage);
            (await storage.Catalog.ListEventTypesAsync()).Sum(type => type.Count).Should().Be(Events + 1);
            (await storage.ReadSql<string>("SELECT * FROM event_type_counts")).Should().Be("kept");
        }

        await ExpectSoundAsync();
    }

    [Fact]
    public async Task Append_beside_a_trigger_on_the_counts_does_without_them()
    {
        await using (var storage = new SqliteEventStorage(_folder.Store)) await FillWithTypesAsync(storage);
        Change("CREATE TRIGGER mine BEFORE UPDATE ON event_type_counts BEGIN SELECT raise(ABORT, 'no'); END");
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await FillWithTypesAsync(storage);
            var types = await storage.Catalog.ListEventTypesAsync();
            types.Select(type => type.Count).Should().Equal(ExpectedTypes().Select(type => 2 * type.Count));
        }
    }

    [Fact]
    public void Projections_cannot_take_the_name_of_the_counts() =>
        new SqliteEventStorage(_folder.Store).ReadModels.Tables!.FlawIn("Event_Type_Counts").Should().NotBeNull();

    [Theory]
    [InlineData("UPDATE streams SET name = x'612d31'", "streams", "name")]
    [InlineData("UPDATE streams SET name = CAST(x'61ff' AS TEXT)", "streams", "name")]
    [InlineData("UPDATE streams SET name = CAST(x'612d00' AS TEXT)", "streams", "name")]
    [InlineData("UPDATE streams SET name = 'a-' || printf('%0200d', 1)", "streams", "name")]
    [InlineData("UPDATE streams SET id = 999", "a-1", "no event")]
    [InlineData("INSERT INTO streams (name) VALUES ('nobody')", "nobody", "no event")]
    [InlineData("UPDATE events SET recorded = -1", "position 3", "recorded")]
    [InlineData("UPDATE events SET recorded = 9223372036854775807", "position 3", "recorded")]
    [InlineData("UPDATE events SET version = version - 3", "position 3", "version")]
    public async Task List_streams_of_damaged_rows_is_a_typed_error_and_changes_nothing(string change, string what, string flaw)
    {
        await MakeAsync();
        Change(change);
        var error = await RefusedAsync(catalog => catalog.ListStreamsAsync(new StreamListing()).AsTask());
        error.Should().Contain(what).And.Contain(flaw);
    }

    [Theory]
    [InlineData("UPDATE event_types SET name = x'612d31'", "event_types", "name")]
    [InlineData("UPDATE event_types SET name = CAST(x'61ff' AS TEXT)", "event_types", "name")]
    [InlineData("UPDATE event_types SET name = ''", "event_types", "name")]
    [InlineData("UPDATE event_types SET id = 999", "noted", "no event")]
    public async Task List_event_types_of_damaged_rows_is_a_typed_error_and_changes_nothing(string change, string what, string flaw)
    {
        await MakeAsync();
        Change(change);
        var error = await RefusedAsync(catalog => catalog.ListEventTypesAsync().AsTask());
        error.Should().Contain(what).And.Contain(flaw);
    }

    [Theory]
    [InlineData("UPDATE read_models SET fields = 'city NUMERIC'")]
    [InlineData("UPDATE read_models SET name = CAST(x'61ff' AS TEXT)")]
    [InlineData("UPDATE read_model_aliases SET alias = CAST(x'61ff' AS TEXT)")]
    [InlineData("UPDATE read_model_aliases SET alias = x'61'")]
    public async Task List_read_models_of_damaged_rows_is_a_typed_error_and_changes_nothing(string change)
    {
        await MakeAsync();
        Change(change);
        await RefusedAsync(catalog => catalog.ListReadModelsAsync().AsTask());
    }

    [Fact]
    public async Task List_a_file_of_an_older_schema_gives_what_is_in_it()
    {
        var todays = _folder.FileNamed("todays.db");
        IReadOnlyList<StreamSummary> streams;
        IReadOnlyList<EventTypeSummary> types;
        await using (var storage = new SqliteEventStorage(todays))
        {
            await FillAsync(storage, 3_000);
            streams = (await storage.Catalog.ListStreamsAsync(new StreamListing { Limit = 5_000 })).Streams;
            types = await storage.Catalog.ListEventTypesAsync();
        }

        OldStore.MakeVersion1Of(todays, _folder.Store);
        await using var upgraded = new SqliteEventStorage(_folder.Store);
        (await upgraded.Catalog.ListStreamsAsync(new StreamListing { Limit = 5_000 })).Streams.Should().HaveCount(1_500).And.Equal(streams);
        (await upgraded.Catalog.ListEventTypesAsync()).Should().Equal(types);
    }

    [Fact]
    public async Task Get_the_size_gives_the_files_and_what_is_free_in_them()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.ReadModels.CommitAsync(new ReadModelCommit
        {
            Creates = [new ReadModelDefinition("m", [])],
            Changes = [.. Enumerable.Range(0, 50).Select(i => new DocumentChange("m", $"k{i}", new byte[10_000]))],
        });
        var before = (await storage.Catalog.GetSizeAsync())!;
        await storage.ReadModels.CommitAsync(new ReadModelCommit { Drops = ["m"] });
        var after = (await storage.Catalog.GetSizeAsync())!;

        before.FreeBytes.Should().BeLessThan(100_000);
        after.FreeBytes.Should().BeGreaterThan(400_000);
        after.Parts.Select(part => part.Name).Should().Contain(["store.db", "store.db-wal"]);
        after.TotalBytes.Should().BeGreaterThan(500_000);
    }

    private const int Events = 70_000;
    private const int Counted = 65_536;

    private static EventTypeSummary[] ExpectedTypes() =>
    [
        new("common", 68_998, 1, 69_000),
        new("late", 1_000, 69_001, Events),
        new("rare", 2, 5, 66_000),
    ];

    private static async Task FillWithTypesAsync(SqliteEventStorage storage)
    {
        foreach (var positions in Enumerable.Range(1, Events).Chunk(10_000))
        {
            var events = positions.Select(position => Some.Event(position is 5 or 66_000 ? "rare" : position > 69_000 ? "late" : "common"));
            await storage.AppendAsync(Some.Append("many", ExpectedVersion.Any, [.. events]));
        }
    }

    /// <summary>Adds streams of two events each, whose names come after those that are there already.</summary>
    private static async Task FillAsync(SqliteEventStorage storage, int events)
    {
        var first = (await storage.GetHeadAsync()) / 2;
        foreach (var numbers in Enumerable.Range(1_000 + (int)first, events / 2).Chunk(1_000))
        {
            var writes = numbers.Select(number => new StreamWrite($"s-{number}", 0, [Some.Event("one"), Some.Event("other")]));
            await storage.AppendAsync(new AppendRequest([.. writes]));
        }
    }

    private static (long Steps, List<string> Plans) CostOf(Database database)
    {
        var handle = database.Connection!.Handle!;
        var (steps, texts) = (0L, new List<string>());
        var statement = raw.sqlite3_next_stmt(handle, null);
        for (; statement is not null; statement = raw.sqlite3_next_stmt(handle, statement))
        {
            steps += raw.sqlite3_stmt_status(statement, raw.SQLITE_STMTSTATUS_VM_STEP, 0);
            texts.Add(raw.sqlite3_sql(statement).utf8_to_string());
        }

        var plans = new List<string>();
        foreach (var text in texts)
        {
            using var plan = database.PrepareOnce("EXPLAIN QUERY PLAN " + text);
            while (plan.Step()) plans.Add(plan.Text(3));
        }

        return (steps, plans);
    }

    private async Task MakeAsync()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("a-1", 0, Some.Event("noted"), Some.Event("noted"), Some.Event("noted")));
        await storage.ReadModels.CommitAsync(new ReadModelCommit
        {
            Creates = [new ReadModelDefinition("m", [new FieldDefinition("city", FieldKind.Text)])],
            Aliases = [new ReadModelAlias("other", "m")],
        });
    }

    private async Task<string> RefusedAsync(Func<IStorageCatalog, Task> list)
    {
        var before = await File.ReadAllBytesAsync(_folder.Store);
        string message;
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            var error = (await FluentActions.Awaiting(() => list(storage.Catalog)).Should().ThrowAsync<EventSourcingException>()).Which;
            (error is StoreCorruptedException or ReadModelDamagedException).Should().BeTrue();
            message = error.Message;
        }

        (await File.ReadAllBytesAsync(_folder.Store)).Should().Equal(before);
        return message;
    }

    private async Task ExpectSoundAsync()
    {
        await using var store = new EventStore(new SqliteEventStorage(_folder.Store), new EventTypes());
        (await store.Ledger.VerifyAsync()).Findings.Should().BeEmpty();
    }

    private void Change(string change)
    {
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.RunPastTriggers(change);
    }
}
