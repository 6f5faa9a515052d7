using EventSourcing.Tests.Postgres;
using EventSourcing.Tests.Projections;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// The server lacks what a storage in use has appended or read, as after a failover to a replica that was behind: what the process knows is
/// of a history that is gone, and nothing is served or added.
/// </summary>
public sealed class RolledBackTests : IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(60);
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    [Fact]
    public async Task Append_after_the_loss_of_an_own_event_is_refused_and_writes_nothing()
    {
        await using var storage = Open();
        var ids = await AppendAsync(storage, 3);
        LoseAfter(2);

        var error = (await ExpectRefusedAsync(() => storage.AppendAsync(Some.Append("s", 2)).AsTask())).Which;
        (error.Position, error.EventId, error.Head, error.Checkpoint, error.Root).Should().Be((3, ids[2], 2, null, null));
        error.Message.Should().Contain(ids[2].ToString()).And.Contain("ends at 2");
        await ExpectNothingServedAsync(storage);
        _schema.Run("SELECT count(*)::int FROM {es}.events").Should().Be(2);
    }

    [Fact]
    public async Task Read_after_the_loss_of_an_event_that_was_only_read_is_refused()
    {
        await using var writer = Open();
        await AppendAsync(writer, 3);
        await using var reader = Open();
        using (var page = await reader.ReadStreamAsync(new StreamRead("s"))) page.Count.Should().Be(3);
        LoseAfter(2);

        await ExpectRefusedAsync(() => reader.GetHeadAsync().AsTask());
        await ExpectNothingServedAsync(reader);
    }

    /// <summary>
    /// Storages read what others have committed to complete the tree. Under synchronous replication such events may be unconfirmed, if
    /// somebody cancels the wait for the standby: a failover takes them, and nobody was told that they are stored.
    /// </summary>
    [Fact]
    public async Task Loss_of_events_that_only_the_tree_was_made_of_is_none_to_the_app()
    {
        await using (var writer = Open()) await AppendAsync(writer, 5);
        var sql = new SchemaSql(_schema.Name);
        var seen = new SeenLog(sql, "the store", isReplica: false);
        var reader = new LogReader(sql, new StoreNames(sql, "the store"), new StreamEnds(), seen, "the store");
        await using var connection = await PostgresServer.DataSource.OpenConnectionAsync();

        var leaves = new MerkleHash[4];
        await new TreeReader(sql, reader, "the store").ReadLeavesAsync(connection, 0, leaves, CancellationToken.None);

        leaves.Should().OnlyHaveUniqueItems();
        seen.Position.Should().Be(0);
        using (var page = await reader.ReadLogAsync(connection, new LogRead { UpTo = 4 }, isWithinTransaction: false,
            CancellationToken.None)) page.Count.Should().Be(4);
        seen.Position.Should().Be(5, "what the app reads must be there after a failover");
    }

    /// <summary>The new history is as long as the lost one by then, so that only the events themselves tell.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Loss_that_others_have_written_over_is_found(bool byString)
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString);
        await using var storage = byString ? Open() : new PostgresEventStorage(source, OneSchema.OptionsFor(_schema.Name));
        await AppendAsync(storage, 3);
        LoseAfter(1);
        await using (var other = Open()) await AppendAsync(other, 4, from: 1);
        EndSessions();

        var error = (await ExpectRefusedAsync(() => storage.ReadStreamAsync(new StreamRead("s")).AsTask())).Which;
        (error.Position, error.Head).Should().Be((3, 5));
        error.Message.Should().Contain("another event");
        await ExpectNothingServedAsync(storage);
    }

    [Fact]
    public async Task Wait_for_events_during_the_loss_is_refused()
    {
        await using var storage = Open();
        await AppendAsync(storage, 3);
        var wait = storage.WaitForEventsAsync(3).AsTask();
        wait.IsCompleted.Should().BeFalse();
        LoseAfter(2);
        await ExpectRefusedAsync(() => wait.WaitAsync(Never));
    }

    [Fact]
    public async Task Projection_during_the_loss_fails_and_commits_nothing_more()
    {
        await using var store = new EventStore(Open(), Tallied.Types);
        await using var running = store.StartProjections(new Tallies());
        var result = await store.AppendAsync("s", ExpectedVersion.Any,
            [Tallied.For("a"), Tallied.For("a")]);
        await running.WaitForAsync(result);
        LoseAfter(1);
        await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<StoreRolledBackException>();
    }

    [Fact]
    public async Task Store_that_is_opened_anew_serves_what_is_there()
    {
        await using (var storage = Open())
        {
            await AppendAsync(storage, 3);
            LoseAfter(2);
            await ExpectRefusedAsync(() => storage.GetHeadAsync().AsTask());
        }

        await using var opened = Open();
        (await opened.AppendAsync(Some.Append("s", 2))).Position.Should().Be(3);
    }

    /// <summary>The name tells the sessions of this test, so that they can be ended.</summary>
    private string ConnectionString =>
        new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString) { ApplicationName = _schema.Name }.ConnectionString;

    private PostgresEventStorage Open() => new(ConnectionString, OneSchema.OptionsFor(_schema.Name));

    private static async Task<List<Guid>> AppendAsync(PostgresEventStorage storage, int events, long from = 0)
    {
        var ids = new List<Guid>();
        for (var i = 0; i < events; i++)
        {
            ids.Add(Guid.CreateVersion7());
            await storage.AppendAsync(Some.Append("s", from + i, Some.Event(id: ids[i])));
        }

        return ids;
    }

    private static Task<FluentAssertions.Specialized.ExceptionAssertions<StoreRolledBackException>> ExpectRefusedAsync(Func<Task> call) =>
        FluentActions.Awaiting(call).Should().ThrowAsync<StoreRolledBackException>();

    private static async Task ExpectNothingServedAsync(PostgresEventStorage storage)
    {
        Func<Task>[] calls =
        [
            () => storage.AppendAsync(Some.Append("other", 0)).AsTask(),
            () => storage.ReadStreamAsync(new StreamRead("s")).AsTask(),
            () => storage.ReadLogAsync(new LogRead()).AsTask(),
            () => storage.GetHeadAsync().AsTask(),
            () => storage.ReadModels.LoadAsync("m", ["k"]).AsTask(),
            () => storage.ReadModels.CommitAsync(Some.Document()).AsTask(),
            () => storage.Ledger.GetFrontierAsync().AsTask(),
            () => storage.QueryAsync((_, _) => ValueTask.FromResult(1)).AsTask(),
        ];
        foreach (var call in calls.Concat(calls)) await ExpectRefusedAsync(call);
    }

    /// <summary>
    /// Takes the end of the log away as a replica that was behind would lack it, and ends the sessions as a failover does.
    /// </summary>
    private void LoseAfter(long position)
    {
        string[] tables = ["events", "streams", "event_tags"];
        foreach (var table in tables) _schema.Run($"ALTER TABLE {{es}}.{table} DISABLE TRIGGER ALL");
        foreach (var table in tables)
        {
            var column = table == "streams" ? "id" : "position";
            _schema.Run(FormattableString.Invariant($"DELETE FROM {{es}}.{table} WHERE {column} > {position}"));
        }

        foreach (var table in tables)
        {
            _schema.Run($"ALTER TABLE {{es}}.{table} ENABLE ALWAYS TRIGGER append_only");
            _schema.Run($"ALTER TABLE {{es}}.{table} ENABLE ALWAYS TRIGGER not_truncated");
        }

        EndSessions();
    }

    private void EndSessions() => PostgresServer.Run(
        $"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{_schema.Name}'");
}
