using EventSourcing.Sqlite.Tests.ReadModels;
using EventSourcing.Tests.Projections;

namespace EventSourcing.Sqlite.Tests.Projections;

/// <summary>A table that a projection cannot have is refused when the projection is started, with both their names.</summary>
public sealed class TableNameTests : IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(30);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("events", "*'sales' names a table 'events', which is the name of something of the store's own. Name another one in its constructor, for example 'my_events'*")]
    [InlineData("Streams", "*the store's own*")]
    [InlineData("event_log", "*the store's own*")]
    [InlineData("LEDGER", "*the store's own*")]
    [InlineData("read_models", "*the store's own*")]
    [InlineData("events_by_stream", "*the store's own*")]
    [InlineData("events_refuse_update", "*the store's own*")]
    [InlineData("sqlite_x", "*SQLite keeps for itself*")]
    [InlineData("SQLite_sequence", "*SQLite keeps for itself*")]
    [InlineData("documents_7", "*kept for the documents of read models*")]
    [InlineData("Documents_12_by_city", "*kept for the documents of read models*")]
    [InlineData("read_model_sales", "*kept for the views of read models*")]
    [InlineData("sales__2", "*being rebuilt*")]
    [InlineData("", "*1–60 letters*")]
    [InlineData("1st", "*1–60 letters*")]
    [InlineData("a b", "*1–60 letters*")]
    [InlineData("größe", "*1–60 letters*")]
    public async Task Start_with_a_table_that_cannot_be_throws_and_stores_nothing(string table, string message)
    {
        await using var store = Open();
        FluentActions.Invoking(() => store.StartProjections(new Sales(tables: table))).Should().Throw<ArgumentException>().WithMessage(message).And.Message.Should().NotContain("field");
        (await store.ProjectionAdmin().GetStatusAsync()).Should().BeEmpty();
    }

    [Theory]
    [InlineData("documents")]
    [InlineData("data")]
    [InlineData("key")]
    [InlineData("order")]
    [InlineData("event")]
    [InlineData("documents_of_mine")]
    [InlineData("a23456789_123456789_123456789_123456789_123456789_1234567890")]
    public async Task Start_with_any_other_table_makes_it(string table)
    {
        await using var store = Open();
        await using var running = store.StartProjections(new Sales(tables: table));
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        await running.RebuildAsync("sales");
        (await ((SqliteEventStorage)store.Storage).CountOf($"\"{table}\"")).Should().Be(1);
    }

    [Fact]
    public async Task Start_with_a_name_that_is_too_long_or_one_table_twice_or_none_throws()
    {
        await using var store = Open();
        Fails(new Sales(tables: new string('a', 61)), "*1–60 letters*");
        Fails(new Sales(tables: ["orders", "Orders"]), "*the table 'Orders' twice*");
        Fails(new Sales(tables: []), "*names no table*");

        void Fails(Projection projection, string message) =>
            FluentActions.Invoking(() => store.StartProjections(projection)).Should().Throw<ArgumentException>().WithMessage(message);
    }

    [Fact]
    public async Task Start_two_projections_that_name_one_table_throws_in_one_call_and_in_two()
    {
        await using var store = Open();
        var both = "*The projections 'sales' (*Sales) and 'other' (*Sales) both name the table 'ORDERS'*";
        FluentActions.Invoking(() => store.StartProjections(new Sales(tables: "orders"), new Sales("other", "ORDERS"))).Should().Throw<ArgumentException>().WithMessage(both);
        await using var running = store.StartProjections(new Sales(tables: "orders"));
        await running.CatchUpAsync();
        FluentActions.Invoking(() => store.StartProjections(new Sales("other", "ORDERS"))).Should().Throw<ArgumentException>().WithMessage(both);
        (await store.ProjectionAdmin().GetStatusAsync()).Select(s => s.Name).Should().Equal("sales");
    }

    [Fact]
    public async Task Start_with_a_table_that_a_projection_of_another_app_keeps_fails_with_both_names()
    {
        await using (var store = Open())
        {
            await using var running = store.StartProjections(new Sales(tables: "orders"));
            await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        }

        var before = await SomeReadModel.Contents(_folder.Store);
        await using (var store = Open())
        {
            await using var other = store.StartProjections(new Sales("other", "Orders"));
            var failure = (await FluentActions.Awaiting(() => other.Completion.WaitAsync(Never)).Should().ThrowAsync<ProjectionTablesException>()).Which;
            failure.Message.Should().Match("*'other' (Orders)*the table 'Orders' is that of the projection 'sales' (*Sales)*Nothing was changed*");
            failure.Should().BeEquivalentTo(new { Projection = "other", Tables = new[] { "Orders" } });
        }

        (await SomeReadModel.Contents(_folder.Store)).Should().Be(before);
    }

    [Fact]
    public async Task Start_with_the_name_of_a_table_of_the_apps_own_fails_with_the_names_and_leaves_it()
    {
        await using (var store = Open()) await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run("CREATE TABLE orders (mine TEXT); INSERT INTO orders VALUES ('kept')");
        await using var opened = Open();
        await using var running = opened.StartProjections(new Sales(tables: "orders"));
        (await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ProjectionTablesException>())
            .WithMessage("*'sales' (orders) cannot be made*already*Nothing was changed*");
        (await ((SqliteEventStorage)opened.Storage).ReadSql<string>("SELECT mine FROM orders")).Should().Be("kept");
        (await opened.ProjectionAdmin().GetStatusAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Rebuild_beside_a_projection_that_an_older_version_has_let_have_the_name_of_the_rebuild_works()
    {
        await using var store = Open();
        await using var running = store.StartProjections(new Tallies());
        await running.CatchUpAsync();
        var record = (await store.Storage.ReadModels.LoadAsync("$projections", ["tallies"]))[0]!;
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit
        {
            Creates = [new ReadModelDefinition("tallies@2@1", [])],
            Aliases = [new ReadModelAlias("tallies@2", "tallies@2@1")],
            Changes = [new DocumentChange("$projections", "tallies@2", record)],
        });
        await running.RebuildAsync("tallies").WaitAsync(Never);
    }

    private EventStore Open() => new(new SqliteEventStorage(_folder.Store), Tallied.Types);

    private sealed class Sales : TableProjection
    {
        private readonly string _name;

        public Sales(string name = "sales", params string[] tables)
            : base(tables)
        {
            _name = name;
            On<Tallied>((places, e, recorded, cancellationToken) =>
                places.ExecuteAsync($"INSERT INTO {places[tables[0]]} (position) VALUES ($1)", [recorded.Position], cancellationToken));
        }

        public override string Name => _name;

        protected override async ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken)
        {
            foreach (var table in Tables) await tables.ExecuteAsync($"CREATE TABLE {tables[table]} (position INTEGER NOT NULL)", [], cancellationToken);
        }
    }
}
