using System.Collections.Concurrent;
using System.Data.Common;
using System.Globalization;
using EventSourcing.Testing;
using EventSourcing.Tests.Aggregates;
using EventSourcing.Tests.Projections;

namespace EventSourcing.Sqlite.Tests.ReadModels;

/// <summary>
/// What a storage says of its tables is held by the kit, and followed by projections. The storages here say something else than is
/// true of SQLite, or cut names as other databases do.
/// </summary>
public sealed class TableSupportTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(30);
    private static readonly TableSupport Right = new Described();

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<SqliteEventStorage> _storages = [];

    public static TheoryData<string, string> Faults => new()
    {
        { "places", "Commit_tables_with_parameters_writes_their_values_or_is_refused" },
        { "places", "Commit_tables_with_parameters_in_another_order_and_twice_takes_each_by_its_number_or_is_refused" },
        { "places", "Commit_tables_with_a_parameter_that_is_null_writes_and_finds_NULL_or_is_refused" },
        { "unquoted", "Commit_tables_of_any_names_once_quoted_makes_each_or_is_refused" },
        { "undoubled", "Commit_tables_of_any_names_once_quoted_makes_each_or_is_refused" },
        { "prefixed", "Commit_tables_by_their_names_quoted_or_not_is_of_the_same_or_is_refused" },
        { "cut", "Commit_tables_of_the_longest_names_that_differ_at_the_end_makes_both_or_is_refused" },
        { "short", "Ask_what_tables_need_says_the_same_each_time_or_that_there_are_none" },
        { "nothing", "Ask_what_tables_need_says_the_same_each_time_or_that_there_are_none" },
        { "changing", "Ask_what_tables_need_says_the_same_each_time_or_that_there_are_none" },
    };

    public static TheoryData<string> Cases =>
        [.. EventStorageConformance.Cases.Where(c => c.Rule == ConformanceRule.Tables).Select(c => c.Title)];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        // The kit disposes what it was given, which does not dispose what it watches.
        foreach (var storage in _storages) await storage.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Say_what_is_not_so_is_found_by_the_kit(string fault, string title)
    {
        var run = () => EventStorageConformance.Get(title).RunAsync(new Fixture(this, () => fault switch
        {
            "places" => new Described { Named = false },
            "unquoted" => new Described { Quoting = name => name },
            "undoubled" => new Described { Quoting = name => $"\"{name}\"" },
            "prefixed" => new Described { Quoting = name => new Described().Quote($"es_{name}") },
            "cut" => new Described { Quoting = name => new Described().Quote(name[..Math.Min(name.Length, 63)]) },
            "short" => new Described { Length = 30 },
            "nothing" => new Described { Flaw = "is not liked" },
            _ => new Described(),
        }, isSame: fault != "changing"));
        await run.Should().ThrowAsync<ConformanceException>();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public Task Say_what_is_so_keeps_the_contract(string title) => EventStorageConformance.Get(title).RunAsync(new Fixture(this, () => Right, isSame: true));

    [Fact]
    public async Task Rebuild_tables_whose_names_the_database_cuts_keeps_them_apart()
    {
        // They differ at character 59. With "__10" appended they have 64 characters, and this database cuts at 63 without an error.
        string[] tables = [new string('a', 58) + "x1", new string('a', 58) + "x2"];
        var cutting = new Described { Length = 63, Quoting = name => new Described().Quote(CutAt63(name)) };
        await using var inner = new SqliteEventStorage(_folder.Store);
        await using var store = new EventStore(new WatchedStorage(inner) { Tables = cutting }, Tallied.Types);
        await using var running = store.StartProjections(new TwoTables(tables));
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        for (var generation = 2; generation <= 11; generation++) await running.RebuildAsync("two").WaitAsync(Never);

        foreach (var (table, i) in tables.Select((table, i) => (table, i)))
            (await inner.ReadSql<long>(string.Create(CultureInfo.InvariantCulture, $"SELECT place FROM {table}"))).Should().Be(i);
        (await inner.ReadSql<long>("SELECT count(*) FROM sqlite_master WHERE name LIKE 'aaaa%' OR name LIKE 'by_place%'")).Should().Be(4, "two tables with an index each are left");
    }

    [Fact]
    public async Task Bind_parameters_by_place_gives_them_no_name()
    {
        await using var inner = new SqliteEventStorage(_folder.Store);
        await using var store = new EventStore(new WatchedStorage(inner) { Tables = new Described { Named = false } }, Tallied.Types);
        await using var running = store.StartProjections(new ProjectionOptions { RetryDelays = [] }, new TwoTables(["t1", "t2"]));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await running.CatchUpAsync().WaitAsync(Never);

        // SQLite's driver binds by name alone, and says so of one that has none.
        var parked = await store.ProjectionAdmin().GetParkedAsync("two");
        parked.Should().ContainSingle().Which.Error.Should().Contain(nameof(DbParameter.ParameterName));
    }

    /// <summary>SQLite would store half a character as U+FFFD, PostgreSQL would refuse it, and each treats U+0000 in its own way.</summary>
    [Fact]
    public async Task Bind_what_a_database_would_store_as_another_value_is_refused()
    {
        (object? Value, string Flaw)[] refused =
        [
            ("a\uD800b", "$1, 'a\\uD800b', has a lone surrogate at index 1"), ('\uDC00', "$1, '\\uDC00', has a lone surrogate at index 0"),
            ("a\0b", "$1, 'a\\u0000b', has U+0000 at index 1"), (ulong.MaxValue, "$1, '18446744073709551615', is larger than a whole number"),
            (Unsigned.Largest, "$1, 'Largest', is larger than a whole number"),
        ];
        object?[] kept = ["\uD83D\uDE00\uFFFD\uE000", (ulong)long.MaxValue, 'x', null, "", new byte[] { 0, 0xD8 }, Unsigned.One];
        await using var storage = new SqliteEventStorage(_folder.Store);
        await using var store = new EventStore(storage, Tallied.Types);
        var values = new Values([.. refused.Select(pair => pair.Value), .. kept]);
        await using var running = store.StartProjections(new ProjectionOptions { RetryDelays = [] }, values);
        for (var i = 0; i < values.All.Count; i++)
            await store.AppendAsync(string.Create(CultureInfo.InvariantCulture, $"s-{i}"), 0, [Tallied.For("a")]);
        await running.CatchUpAsync().WaitAsync(Never);

        var parked = await store.ProjectionAdmin().GetParkedAsync("values");
        parked.Select(events => events.Error).Should().HaveCount(refused.Length)
            .And.AllSatisfy(error => error.Should().Contain("The statement was not run."));
        foreach (var (_, flaw) in refused) parked.Should().ContainSingle(events => events.Error.Contains(flaw));
        (await storage.ReadSql<string>("SELECT group_concat(hex(value), ',') FROM (SELECT value FROM stored_values ORDER BY place)")).Should()
            .Be("F09F9880EFBFBDEE8080,39323233333732303336383534373735383037,78,,,00D8,31");
    }

    [Fact]
    public async Task Use_tables_after_their_transaction_is_an_error()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await using var store = new EventStore(storage, Tallied.Types);
        var values = new Values(["kept"]);
        await using var running = store.StartProjections(values);
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);

        var late = values.Seen!;
        (await FluentActions.Awaiting(() => late.ExecuteAsync("DELETE FROM stored_values", []).AsTask()).Should().ThrowAsync<ObjectDisposedException>())
            .WithMessage("*transaction has ended*nothing was run*Await*");
        FluentActions.Invoking(() => late.Connection).Should().Throw<ObjectDisposedException>();
        (await storage.ReadSql<long>("SELECT count(*) FROM stored_values")).Should().Be(1);
    }

    private static string CutAt63(string name) => name[..Math.Min(name.Length, 63)];

    private SqliteEventStorage Create(EventStorageOptions options)
    {
        var storage = new SqliteEventStorage(
            _folder.FileNamed(string.Create(CultureInfo.InvariantCulture, $"{_storages.Count + 1}.db")),
            new SqliteEventStorageOptions { TimeProvider = options.TimeProvider, Limits = options.Limits });
        _storages.Enqueue(storage);
        return storage;
    }

    private sealed class Fixture(TableSupportTests tests, Func<TableSupport> support, bool isSame) : IEventStorageFixture
    {
        public ValueTask<IEventStorage> CreateAsync(EventStorageOptions options, CancellationToken cancellationToken) => ValueTask.FromResult<IEventStorage>(
            isSame ? new WatchedStorage(tests.Create(options)) { Tables = support() } : new WatchedStorage(tests.Create(options)) { TablesNow = support });
    }

    private sealed class Described : TableSupport
    {
        public bool Named { get; init; } = true;

        public int Length { get; init; } = int.MaxValue;

        public string? Flaw { get; init; }

        public Func<string, string> Quoting { get; init; } = name => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

        public override bool HasNamedParameters => Named;

        public override int MaxNameLength => Length;

        public override string Quote(string name) => Quoting(name);

        public override string? FlawIn(string table) => Flaw;
    }

    private enum Unsigned : ulong
    {
        One = 1,
        Largest = ulong.MaxValue,
    }

    private sealed class Values : TableProjection
    {
        public Values(IReadOnlyList<object?> all)
            : base("stored_values")
        {
            All = all;
            On<Tallied>((tables, _, recorded, token) => (Seen = tables).ExecuteAsync(
                $"INSERT INTO {tables["stored_values"]} (value, place) VALUES ($1, $2)", [all[(int)recorded.Position - 1], recorded.Position], token));
        }

        public ProjectionTables? Seen { get; private set; }

        public IReadOnlyList<object?> All { get; }

        public override string Name => "values";

        protected override ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken) =>
            tables.ExecuteAsync($"CREATE TABLE {tables["stored_values"]} (value, place INTEGER)", [], cancellationToken);
    }

    private sealed class TwoTables : TableProjection
    {
        public TwoTables(string[] tables)
            : base(tables) => On<Tallied>(async (places, _, _, cancellationToken) =>
        {
            for (var i = 0; i < tables.Length; i++)
                await places.ExecuteAsync($"INSERT INTO {places[tables[i]]} (place) VALUES ($1)", [i], cancellationToken);
        });

        public override string Name => "two";

        protected override async ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken)
        {
            foreach (var table in Tables)
            {
                await tables.ExecuteAsync($"CREATE TABLE {tables[table]} (place BIGINT NOT NULL)", [], cancellationToken);
                await tables.ExecuteAsync($"CREATE INDEX {tables.NameFor("by_place_of_" + table)} ON {tables[table]} (place)", [], cancellationToken);
            }
        }
    }
}
