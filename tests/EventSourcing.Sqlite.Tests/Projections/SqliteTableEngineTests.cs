using EventSourcing.Tests.Projections;

namespace EventSourcing.Sqlite.Tests.Projections;

/// <summary>Tables of a projection's own: as exactly once as documents, and gone when another version has replaced them.</summary>
public sealed class SqliteTableEngineTests() : EngineTests(new OneSqliteFile())
{
    [Fact]
    public async Task Fail_around_commits_at_random_applies_each_event_once()
    {
        var (store, faults) = OpenFaulty();
        var random = new Random(3);
        faults.BeforeCommit = _ => Next(8) == 0 ? throw FaultPoints.Failure(outcomeIsUnknown: false) : Task.CompletedTask;
        faults.AfterCommit = _ => Next(8) == 0 ? throw FaultPoints.Failure(outcomeIsUnknown: true) : Task.CompletedTask;
        await using var running = store.StartProjections(NoRetries with { MaxBatchEvents = 3 }, new Tables());
        for (var i = 0; i < 60; i++) await store.AppendAsync($"s-{i % 3}", ExpectedVersion.Any, [Tallied.For("a", "b")]);
        await UntilAsync(async () => await PositionAsync(store) == 60, "level");
        (await RowsAsync("tallies")).Should().Equal(new[] { "a", "b" }.SelectMany(key => Enumerable.Range(1, 60).Select(position => $"{key} {position}")));

        int Next(int below)
        {
            lock (random) return random.Next(below);
        }
    }

    [Fact]
    public async Task Fail_on_an_event_parks_its_stream_whole_and_resume_goes_on_in_order()
    {
        var store = OpenStore();
        var isMended = false;
        await using var running = store.StartProjections(NoRetries, new Tables(position => !isMended && position == 2));
        foreach (var stream in new[] { "s-1", "s-2", "s-1", "s-2" }) await store.AppendAsync(stream, ExpectedVersion.Any, [Tallied.For("a", "b")]);
        await UntilParkedAsync(store, "tables", 1);
        await running.WaitForAsync(3);
        (await RowsAsync("tallies")).Should().Equal("a 1", "a 3", "b 1", "b 3");
        isMended = true;
        await store.ProjectionAdmin().ResumeAsync((await store.ProjectionAdmin().GetParkedAsync("tables")).Single());
        await running.WaitForAsync(4);
        (await RowsAsync("tallies")).Should().Equal("a 1", "a 2", "a 3", "a 4", "b 1", "b 2", "b 3", "b 4");
    }

    [Fact]
    public async Task Fail_in_stop_mode_keeps_what_came_before()
    {
        var store = OpenStore();
        for (var i = 0; i < 4; i++) await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await using var running = store.StartProjections(NoRetries with { OnFailure = FailureMode.Stop }, new Tables(position => position == 3));
        await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ProjectionFailedException>();
        (await RowsAsync("tallies")).Should().Equal("a 1", "a 2");
    }

    [Fact]
    public async Task Order_to_rebuild_a_document_of_tables_is_refused_and_stops_nothing()
    {
        var store = OpenStore();
        await using var running = store.StartProjections(NoRetries, new Tables());
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        await FluentActions.Awaiting(() => store.ProjectionAdmin().RebuildDocumentAsync("tables", "a")).Should().ThrowAsync<ArgumentException>()
            .WithMessage("'tables' has no documents*");
        (await store.Storage.ReadModels.CountAsync("$refolds", [])).Should().Be(0);
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        (await RowsAsync("tallies")).Should().Equal("a 1", "a 2");
    }

    [Fact]
    public async Task Rebuild_into_other_tables_and_documents_leaves_none_of_the_old_ones()
    {
        var store = OpenStore();
        await using (var first = store.StartProjections(NoRetries, new Tables())) await first.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        await using (var same = store.StartProjections(NoRetries, new Tables()))
        {
            await same.RebuildAsync("tables").WaitAsync(Never);
            await same.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
            (await TablesAsync()).Should().Equal("tallies");
            (await RowsAsync("tallies")).Should().Equal("a 1", "a 2");
        }

        await using (store.StartProjections(NoRetries, new Tables(table: "marks")))
        {
            await UntilAsync(async () => (await TablesAsync()).SequenceEqual(["marks"]), "in place");
            (await RowsAsync("marks")).Should().Equal("a 1", "a 2");
        }

        var documents = new Tallies(null, "tables") { Former = [typeof(Tables).ToString()] };
        await using (store.StartProjections(NoRetries, documents))
        {
            await UntilAsync(async () => (await TablesAsync()).Count == 0, "in place");
            await ShouldBeFoldAsync(store, documents);
        }

        await using (store.StartProjections(NoRetries, new Tables())) await UntilAsync(async () => (await TablesAsync()).SequenceEqual(["tallies"]), "in place");
        (await store.ReadModel(documents).Query().CountAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Take_over_tables_that_another_host_has_put_in_place_while_this_one_stood_by()
    {
        var (one, first) = OpenFaulty();
        var (two, second) = OpenFaulty();
        var running = one.StartProjections(NoRetries, new Tables());
        await running.WaitForAsync(await one.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]));
        var isKnown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        second.BeforeRead = (model, keys) =>
        {
            if (model == "$runs" && keys.Contains("tables@2")) isKnown.TrySetResult();
            return Task.CompletedTask;
        };
        first.BeforeCommit = commit => commit.Drops.Count > 0 ? isKnown.Task : Task.CompletedTask;
        await using var standby = two.StartProjections(NoRetries, new Tables());
        await running.RebuildAsync("tables").WaitAsync(Never);
        await running.DisposeAsync();
        await standby.WaitForAsync(await two.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        (await RowsAsync("tallies")).Should().Equal("a 1", "a 2");
    }

    [Fact]
    public async Task Append_inline_changes_tables_with_it_and_a_failure_refuses_both()
    {
        var store = OpenInline(new Tables(position => position == 3), new Tallies());
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a"), Tallied.For("a")]);
        await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")])).Should().ThrowAsync<ProjectionFailedException>();
        (await RowsAsync("tallies")).Should().Equal("a 1", "a 2");
        (await store.GetHeadAsync()).Should().Be(2);
        await ShouldBeFoldAsync(store, new Tallies());
    }

    private static async Task<long> PositionAsync(EventStore store) => (await store.ProjectionAdmin().GetStatusAsync()).SingleOrDefault()?.Position ?? 0;

    private async Task<List<string>> RowsAsync(string table) => await QueryAsync($"SELECT key || ' ' || position FROM {table} ORDER BY key, position");

    private async Task<List<string>> TablesAsync() => await QueryAsync("SELECT name FROM sqlite_master WHERE type = 'table' AND (name LIKE 'tallies%' OR name LIKE 'marks%') ORDER BY name");

    private async Task<List<string>> QueryAsync(string sql) => await ((SqliteEventStorage)Open()).QueryAsync(async (connection, cancellationToken) =>
    {
        var command = connection.CreateCommand();
        await using (command)
        {
            command.CommandText = sql;
            var rows = new List<string>();
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken)) rows.Add(reader.GetString(0));
            return rows;
        }
    });

    private sealed class Tables : TableProjection
    {
        private readonly string _table;

        public Tables(Func<long, bool>? fails = null, string table = "tallies")
            : base(table)
        {
            _table = table;
            On<Tallied>(async (tables, e, recorded, cancellationToken) =>
            {
                foreach (var key in e.Keys)
                {
                    await tables.ExecuteAsync($"INSERT INTO {tables[table]} (key, position) VALUES ($1, $2)", [key, recorded.Position], cancellationToken);
                    if (fails?.Invoke(recorded.Position) == true) throw new InvalidOperationException("It fails here.");
                }
            });
        }

        public override string Name => "tables";

        protected override ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken) =>
            tables.ExecuteAsync($"CREATE TABLE {tables[_table]} (key TEXT NOT NULL, position INTEGER NOT NULL)", [], cancellationToken);
    }
}
