namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// A stored value that the library does not write is a typed error on every way to read it, which names row and column, and a finding of
/// an audit. Only somebody with the rights of the owner can write one.
/// </summary>
public sealed class DamagedRowTests : IDisposable
{
    private const string Zeros = "decode(repeat('00', 32), 'hex')";
    private static readonly Guid Second = Guid.Parse("0190a5d0-0000-7000-8000-000000000002");
    private readonly OneSchema _schema = new();

    public static TheoryData<string, string> Values => new()
    {
        { "tags = '[\"\\ud800\"]'", "tags" },
        { "tags = '[1]'", "tags" },
        { "tags = '{}'", "tags" },
        { "tags = '[\"a\"'", "tags" },
        { "tags = 'x'", "tags" },
        { "id = '00000000-0000-0000-0000-000000000000'", "id" },
        { "recorded = -1", "recorded" },
        { "recorded = 9223372036854775807", "recorded" },
        { "version = 0", "version" },
        { "version = -9223372036854775808", "version" },
        { "seal = '\\x0102030405'", "seal" },
        { $"seal = {Zeros}", "data" },
    };

    public void Dispose() => _schema.Dispose();

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Read_a_value_that_the_library_does_not_write_is_a_typed_error_on_every_way(string value, string column)
    {
        await MakeAsync(value);
        await using var storage = _schema.Open();

        foreach (var withSeals in (bool[])[false, true])
        {
            foreach (var direction in Enum.GetValues<ReadDirection>())
                await NamedAsync(() => storage.ReadLogAsync(new LogRead { Direction = direction, WithSeals = withSeals }).AsTask(), column);
        }

        if (column != "version") await NamedAsync(() => storage.ReadStreamAsync(new StreamRead("a-1")).AsTask(), column);
        if (column != "id") await NamedAsync(() => storage.AppendAsync(Again()).AsTask(), column);
    }

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Audit_a_value_that_the_library_does_not_write_is_a_finding(string value, string column)
    {
        await MakeAsync(value);
        await using var storage = _schema.Open();

        using var audit = await storage.Ledger.AuditAsync(0);

        var finding = audit.Findings.Should().ContainSingle(finding => finding.Kind == LedgerFindingKind.EventUnreadable).Which;
        finding.Should().BeEquivalentTo(new { Position = 2, UpTo = 2 });
        finding.Description.Should().Contain(column);
        audit.Events.Events.ToArray().Select(e => e.Position).Should().Equal(1, 3);
    }

    /// <summary>What a superuser can take away that the tables say must be there.</summary>
    [Theory]
    [InlineData("version")]
    [InlineData("recorded")]
    [InlineData("stream")]
    [InlineData("type")]
    [InlineData("id")]
    [InlineData("seal")]
    [InlineData("data")]
    public async Task Read_an_event_without_a_value_is_a_typed_error_and_a_finding(string column)
    {
        await MakeAsync($"{column} = NULL", $"ALTER TABLE {{es}}.events ALTER COLUMN {column} DROP NOT NULL;");
        await using var store = new EventStore(_schema.Open(), new EventTypes());
        var storage = store.Storage;

        foreach (var withSeals in (bool[])[false, true])
            await NamedAsync(() => storage.ReadLogAsync(new LogRead { WithSeals = withSeals }).AsTask(), column);
        Func<Task>[] others =
        [
            () => storage.ReadStreamAsync(new StreamRead("a-1")).AsTask(), () => storage.ReadLogAsync(new LogRead { Filter = EventQuery.WithTags("tag") }).AsTask(),
            () => storage.GetPositionAsync(Second).AsTask(), () => storage.AppendAsync(Again()).AsTask(), () => store.ErasePayloadsAsync([2], "r"),
            () => store.Ledger.ProveInclusionAsync(2).AsTask(), () => store.Catalog.ListEventTypesAsync(), () => store.Catalog.ListStreamsAsync().ToListAsync().AsTask(),
        ];
        foreach (var other in others) await TypedAsync(other);
        var report = await store.Ledger.VerifyAsync();
        report.Findings.Should().Contain(finding => finding.Kind == LedgerFindingKind.EventUnreadable && finding.Position == 2 && finding.Description.Contains(column, StringComparison.Ordinal));
        (await store.GetHeadAsync()).Should().BeGreaterThanOrEqualTo(3);
    }

    [Theory]
    [InlineData("streams", "name")]
    [InlineData("event_types", "name")]
    public async Task Read_an_event_whose_name_is_missing_is_a_typed_error_and_a_finding(string table, string column)
    {
        await MakeAsync("version = version");
        _schema.Run($$"""
            ALTER TABLE {es}.{{table}} DISABLE TRIGGER ALL;
            ALTER TABLE {es}.{{table}} ALTER COLUMN {{column}} DROP NOT NULL;
            UPDATE {es}.{{table}} SET {{column}} = NULL
            """);
        await using var store = new EventStore(_schema.Open(), new EventTypes());

        await FluentActions.Awaiting(() => store.Storage.ReadLogAsync(new LogRead()).AsTask()).Should().ThrowAsync<StoreCorruptedException>();
        Func<Task>[] others =
        [
            () => store.Storage.ReadStreamAsync(new StreamRead("a-1")).AsTask(), () => store.Storage.AppendAsync(Again()).AsTask(),
            () => store.Catalog.ListEventTypesAsync(), () => store.Catalog.ListStreamsAsync().ToListAsync().AsTask(),
        ];
        foreach (var other in others) await TypedAsync(other);
        (await store.Ledger.VerifyAsync()).IsSound.Should().BeFalse();
    }

    [Fact]
    public async Task Read_a_hash_of_the_tree_that_is_missing_is_a_typed_error_and_a_finding()
    {
        await using var store = new EventStore(_schema.Open(), new EventTypes());
        await store.Storage.AppendAsync(Some.Append("a-1", 0, [.. Enumerable.Range(0, 600).Select(_ => Some.Event())]));
        while (!Convert.ToBoolean(_schema.Run("SELECT count(*) = 2 FROM {es}.ledger_tiles WHERE level = 1"), System.Globalization.CultureInfo.InvariantCulture)) await Task.Delay(20);
        _schema.Run("""
            ALTER TABLE {es}.ledger_tiles DISABLE TRIGGER ALL;
            ALTER TABLE {es}.ledger_tiles ALTER COLUMN hash DROP NOT NULL;
            UPDATE {es}.ledger_tiles SET hash = NULL
            """);

        foreach (var read in (Func<Task>[])[() => store.Ledger.ProveInclusionAsync(2).AsTask(), () => store.Storage.Ledger.GetFrontierAsync().AsTask()]) await TypedAsync(read);
        (await store.Ledger.VerifyAsync()).IsSound.Should().BeFalse();
    }

    private static async Task TypedAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (EventSourcingException)
        {
            // That it is one of the library's own is what is tested.
        }
    }

    [Fact]
    public async Task Audit_empty_metadata_is_a_finding()
    {
        await MakeAsync("metadata = ''");
        await using var storage = _schema.Open();

        using var audit = await storage.Ledger.AuditAsync(0);

        audit.Findings.Should().ContainSingle().Which.Description.Should().Contain("metadata");
    }

    /// <summary>An append of the second event once more, which is compared with what is stored.</summary>
    private static AppendRequest Again() => Some.Append("a-1", ExpectedVersion.Any, Some.Event(id: Second, tags: "tag"));

    private async Task MakeAsync(string value, string before = "")
    {
        await using var storage = _schema.Open();
        await storage.AppendAsync(Some.Append("a-1", 0, Some.Event(tags: "tag"), Some.Event(id: Second, tags: "tag"), Some.Event(tags: "tag")));
        _schema.Run($$"""
            ALTER TABLE {es}.events DISABLE TRIGGER ALL;
            ALTER TABLE {es}.events DROP CONSTRAINT events_seal_check;
            {{before}}
            UPDATE {es}.events SET {{value}} WHERE position = 2;
            ALTER TABLE {es}.events ENABLE ALWAYS TRIGGER append_only;
            ALTER TABLE {es}.events ENABLE ALWAYS TRIGGER not_truncated
            """);
    }

    private static async Task NamedAsync(Func<Task> read, string column) =>
        (await FluentActions.Awaiting(read).Should().ThrowAsync<StoreCorruptedException>())
            .Which.Message.Should().Contain("position 2").And.Contain($"'{column}'");
}
