using System.Text;

namespace EventSourcing.Sqlite.Tests;

/// <summary>A stored value that nobody can decode is a typed error on every way to read it, which names row and column, and a finding of a verification.</summary>
public sealed class DamagedRowTests : IDisposable
{
    private static readonly Guid Second = Guid.Parse("0190a5d0-0000-7000-8000-000000000002");
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Values => new()
    {
        { "tags = CAST(x'5b22f46167225d' AS TEXT)", "tags" },
        { "tags = '[\"\\ud800\"]'", "tags" },
        { "tags = '[1]'", "tags" },
        { "tags = '{}'", "tags" },
        { "tags = '[\"a\"'", "tags" },
        { "tags = 'x'", "tags" },
        { "tags = 9223372036854775807", "tags" },
        { "id = x'00'", "id" },
        { "id = randomblob(17)", "id" },
        { "id = zeroblob(16)", "id" },
        { "seal = x'0102030405'", "seal" },
        { "seal = zeroblob(32)", "data" },
        { "recorded = -1", "recorded" },
        { "recorded = 9223372036854775807", "recorded" },
        { "version = 0", "version" },
        { "version = -9223372036854775807 - 1", "version" },
        { "stream = 999", "stream" },
        { "type = 999", "type" },
        { "type = 1e300", "type" },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Read_a_value_that_cannot_be_decoded_is_a_typed_error_on_every_way(string value, string column)
    {
        await MakeAsync();
        Change($"UPDATE events SET {value} WHERE position = 2");
        await using var storage = new SqliteEventStorage(_folder.Store);

        (await NamedAsync(() => storage.ReadLogAsync(new LogRead()).AsTask())).Should().Contain("position 2").And.Contain($"'{column}'");
        (await NamedAsync(() => storage.ReadLogAsync(new LogRead { Direction = ReadDirection.Backwards }).AsTask())).Should().Contain("position 2");
        await NamedOrPassedAsync(() => storage.ReadStreamAsync(new StreamRead("a-1")).AsTask(), "position 2");
        await NamedOrPassedAsync(() => storage.ReadLogAsync(new LogRead { Filter = EventQuery.InStreams("a-") }).AsTask(), "position 2");
        await NamedOrPassedAsync(() => storage.ReadLogAsync(new LogRead { Filter = EventQuery.WithTags("tag") }).AsTask(), "position 2");
        await NamedOrPassedAsync(() => storage.AppendAsync(Some.Append("b-1", ExpectedVersion.Any) with { Conditions = [new AppendCondition(EventQuery.InStreams("nobody-"), 0)] }).AsTask(), "position 2");
        await NamedOrPassedAsync(() => storage.AppendAsync(Some.Append("a-1", ExpectedVersion.Any, Event(Second))).AsTask(), "position 2");
        await NamedOrPassedAsync(() => storage.GetPositionAsync(Second).AsTask(), "position 2");
        await NamedOrPassedAsync(() => storage.Ledger.ReadAsync(0, 1, new MerkleHash[1]).AsTask(), "position 2");
    }

    [Theory]
    [InlineData("seal = zeroblob(32)", "data")]
    [InlineData("recorded = -1", "recorded")]
    [InlineData("tags = '{}'", "tags")]
    public async Task Append_an_event_again_of_which_a_stored_value_is_damaged_is_a_typed_error(string value, string column)
    {
        await MakeAsync();
        Change($"UPDATE events SET {value} WHERE position = 2");
        await using var storage = new SqliteEventStorage(_folder.Store);

        (await NamedAsync(() => storage.AppendAsync(Some.Append("a-1", ExpectedVersion.Any, Event(Second))).AsTask())).Should().Contain("position 2").And.Contain($"'{column}'");
    }

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Verify_a_value_that_cannot_be_decoded_is_a_finding(string value, string column)
    {
        await MakeAsync();
        Change($"UPDATE events SET {value} WHERE position = 2");
        await using var store = new EventStore(new SqliteEventStorage(_folder.Store), new EventTypes());

        var report = await store.Ledger.VerifyAsync();

        report.Findings.Should().Contain(finding => finding.Position == 2 && finding.Kind == LedgerFindingKind.EventUnreadable).Which.Description.Should().Contain(column);
    }

    [Theory]
    [InlineData("UPDATE streams SET name = CAST(x'61ff' AS TEXT)", "'stream'")]
    [InlineData("UPDATE event_types SET name = CAST(x'61ff' AS TEXT)", "'type'")]
    [InlineData("UPDATE streams SET name = CAST(x'612d00' AS TEXT)", "'stream'")]
    [InlineData("UPDATE event_types SET name = CAST(x'6100' AS TEXT)", "'type'")]
    [InlineData("UPDATE streams SET name = 'a-' || printf('%0200d', 1)", "'stream'")]
    [InlineData("UPDATE event_types SET name = ''", "'type'")]
    public async Task Read_a_name_that_the_library_does_not_write_is_a_typed_error(string change, string column)
    {
        await MakeAsync();
        Change(change);
        await using var storage = new SqliteEventStorage(_folder.Store);

        (await NamedAsync(() => storage.ReadLogAsync(new LogRead()).AsTask())).Should().Contain("position 1").And.Contain(column);
        await NamedOrPassedAsync(() => storage.AppendAsync(Some.Append("b-1", ExpectedVersion.Any) with { Conditions = [new AppendCondition(EventQuery.InStreams("nobody-"), 0)] }).AsTask(), "position 1");
    }

    [Theory]
    [InlineData("UPDATE read_models SET fields = 'x'")]
    [InlineData("UPDATE read_models SET fields = 'city NUMERIC'")]
    [InlineData("UPDATE read_models SET fields = x'ff00'")]
    [InlineData("UPDATE read_models SET fields = 'other TEXT'")]
    [InlineData("UPDATE read_models SET id = 77")]
    [InlineData("UPDATE documents_1 SET key = x'61'")]
    [InlineData("UPDATE documents_1 SET key = CAST(x'61ff' AS TEXT)")]
    [InlineData("UPDATE documents_1 SET key = ''")]
    [InlineData("UPDATE documents_1 SET key = CAST(x'6100' AS TEXT)")]
    [InlineData("UPDATE documents_1 SET key = printf('%0201d', 1)")]
    [InlineData("UPDATE documents_1 SET city = x'61'")]
    [InlineData("UPDATE documents_1 SET city = CAST(x'61ff' AS TEXT)")]
    [InlineData("UPDATE documents_1 SET data = 'text'")]
    [InlineData("DROP TABLE documents_1")]
    public async Task Read_a_damaged_read_model_is_a_typed_error_and_changes_nothing(string change)
    {
        var field = new FieldDefinition("city", FieldKind.Text);
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await storage.ReadModels.CommitAsync(new ReadModelCommit { Creates = [new ReadModelDefinition("m", [field])], Changes = [new DocumentChange("m", "k", "{}"u8.ToArray()) { Fields = [new FieldValue("Rome")] }] });
        }

        Change(change);
        var before = await File.ReadAllBytesAsync(_folder.Store);
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await FluentActions.Awaiting(async () =>
            {
                await storage.ReadModels.QueryAsync("m", new DocumentQuery { OrderBy = "city", Limit = 1 });
                await storage.ReadModels.LoadAsync("m", ["k"]);
            }).Should().ThrowAsync<EventSourcingException>();
        }

        (await File.ReadAllBytesAsync(_folder.Store)).Should().Equal(before);
    }

    [Theory]
    [InlineData(900)]
    [InlineData(long.MaxValue)]
    public async Task Find_a_position_by_an_instant_in_a_log_with_holes_is_an_error_that_names_one(long moved)
    {
        await MakeAsync();
        Change($"UPDATE events SET position = {moved} WHERE position = 2");
        await using var store = new EventStore(new SqliteEventStorage(_folder.Store), new EventTypes());

        (await FluentActions.Awaiting(() => store.GetPositionAsync(DateTimeOffset.MinValue)).Should().ThrowAsync<StoreCorruptedException>()).WithMessage("*no event at position*");
        (await FluentActions.Awaiting(async () => await store.ReadStreamAsync("a-1", new StreamReadOptions { AsOf = AsOf.Instant(DateTimeOffset.MinValue) }).ToListAsync()).Should().ThrowAsync<StoreCorruptedException>()).WithMessage("*no event at position*");
    }

    [Fact(Timeout = 60_000)]
    public async Task Walk_a_log_of_which_the_last_event_was_moved_far_behind_the_others_is_an_error_that_names_a_hole()
    {
        await MakeAsync();
        Change($"UPDATE events SET position = {1L << 40} WHERE position = 3");
        await using var storage = new SqliteEventStorage(_folder.Store);

        // What no index answers is looked for part by part, of which there would be more than can be counted.
        var walked = EventQuery.Any(new EventQueryItem(Enumerable.Range(0, 600).Select(i => $"t{i}"), ["none"]));
        foreach (var direction in Enum.GetValues<ReadDirection>())
        {
            (await NamedAsync(async () =>
            {
                var read = new LogRead { Filter = walked, Direction = direction };
                for (var isEnd = false; !isEnd;)
                {
                    using var page = await storage.ReadLogAsync(read);
                    isEnd = page.IsEnd;
                    read = direction == ReadDirection.Forwards ? read with { After = page.Next } : read with { UpTo = page.Next };
                }
            })).Should().Contain("there is no event at position");
        }

        var append = Some.Append("b-1", ExpectedVersion.Any) with { Conditions = [new AppendCondition(walked, 0)] };
        (await NamedAsync(() => storage.AppendAsync(append).AsTask())).Should().Contain("there is no event at position");
    }

    [Theory]
    [InlineData("seal = x'0102030405'")]
    [InlineData("seal = x''")]
    [InlineData("data = 'x', seal = zeroblob(33)")]
    [InlineData("id = zeroblob(16)")]
    public async Task Prove_an_event_that_no_leaf_can_be_made_of_is_a_typed_error(string value)
    {
        await MakeAsync();
        Change($"UPDATE events SET {value} WHERE position = 2");
        await using var store = new EventStore(new SqliteEventStorage(_folder.Store), new EventTypes());

        (await NamedAsync(() => store.Ledger.ProveInclusionAsync(2).AsTask())).Should().Contain("position 2");
    }

    [Fact]
    public async Task Verify_a_tag_at_a_position_that_is_no_number_blames_no_other_event()
    {
        await MakeAsync();
        Change("UPDATE event_tags SET position = '1x' WHERE position = 2");
        await using var store = new EventStore(new SqliteEventStorage(_folder.Store), new EventTypes());

        (await store.Ledger.VerifyAsync()).FirstBadPosition.Should().Be(2);
    }

    private static NewEvent Event(Guid id) => new(id, "noted", Encoding.UTF8.GetBytes("{}")) { Tags = ["tag"] };

    private async Task MakeAsync()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("a-1", ExpectedVersion.Any, Event(Guid.CreateVersion7()), Event(Second), Event(Guid.CreateVersion7())));
    }

    private static async Task<string> NamedAsync(Func<Task> read) =>
        (await FluentActions.Awaiting(read).Should().ThrowAsync<StoreCorruptedException>()).Which.Message;

    /// <summary>Some ways do not look at the value.</summary>
    private static async Task NamedOrPassedAsync(Func<Task> read, string name)
    {
        try
        {
            await read();
        }
        catch (StoreCorruptedException damage)
        {
            if (damage.InnerException is not Microsoft.Data.Sqlite.SqliteException) damage.Message.Should().Contain(name);
        }
        catch (DuplicateEventIdException)
        {
            // The stored event is another one by now.
        }
    }

    /// <summary>Changes what the triggers and rules guard, and puts them back.</summary>
    private void Change(string change)
    {
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.RunPastTriggers(change);
    }
}
