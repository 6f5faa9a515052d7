using EventSourcing.Sqlite.Tests;
using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>What roles may do: the app's reads and appends, and nobody changes what is stored.</summary>
public sealed class RoleTests : IDisposable
{
    private readonly OneSchema _schema = new();
    private readonly string _role = "es_app_" + Guid.NewGuid().ToString("N")[..12];

    public RoleTests()
    {
        if (PostgresServer.Obstacle is null) PostgresServer.Run($"CREATE ROLE {_role} LOGIN");
    }

    public void Dispose()
    {
        _schema.Dispose();
        PostgresServer.Run($"DROP OWNED BY {_role}; DROP ROLE {_role}");
    }

    [Fact]
    public async Task Open_by_a_role_without_rights_says_that_it_lacks_them()
    {
        await using (var admin = _schema.Open()) await admin.AppendAsync(Some.Append("s", 0));
        await using var source = SourceAs(_role);
        await using var storage = new PostgresEventStorage(source, OneSchema.OptionsFor(_schema.Name));

        foreach (var call in (Func<Task>[])[() => storage.GetHeadAsync().AsTask(), () => storage.AppendAsync(Some.Append("s", 1)).AsTask()])
            (await call.Should().ThrowAsync<IncompatibleStoreException>()).Which.Message.Should().ContainAny("permission", "right", "role");

        _schema.Run("SELECT count(*)::int FROM {es}.events").Should().Be(1);
    }

    [Fact]
    public async Task Open_of_a_store_that_is_not_there_by_a_role_that_may_not_make_it_names_the_script_which_then_works()
    {
        await using var source = SourceAs(_role);
        await using (var storage = new PostgresEventStorage(source, OneSchema.OptionsFor(_schema.Name)))
        {
            var refused = await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 0)).AsTask()).Should()
                .ThrowAsync<IncompatibleStoreException>();
            refused.Which.Message.Should().Contain(nameof(PostgresEventStorage.Script));
        }

        PostgresServer.Run(PostgresEventStorage.Script(_schema.Name));
        Grants.Give(_schema.Name, _role);

        await using (var storage = new PostgresEventStorage(source, OneSchema.OptionsFor(_schema.Name)))
        {
            (await storage.AppendAsync(Some.Append("s", 0))).Position.Should().Be(1);
            FluentActions.Invoking(() => PostgresServer.Run(PostgresEventStorage.Script(_schema.Name))).Should()
                .Throw<PostgresException>("there is a store already");
            (await storage.GetHeadAsync()).Should().Be(1);
        }
    }

    [Fact]
    public async Task App_role_appends_projects_erases_and_proves_but_writes_no_event_by_itself()
    {
        await using (var admin = _schema.Open()) await admin.AppendAsync(Some.Append("s", 0));
        Grants.Give(_schema.Name, _role);
        await using var source = SourceAs(_role);
        await using (var storage = new PostgresEventStorage(source, OneSchema.OptionsFor(_schema.Name)))
        {
            for (var i = 1; i < 300; i++) await storage.AppendAsync(Some.Append("s", i, Some.Event("new-type", tags: "t")));
            await storage.ReadModels.CommitAsync(Some.Document());
            (await storage.ReadModels.CountAsync("m", [])).Should().Be(1);
            await Tree.ExpectWholeAsync(storage);
        }

        await using var connection = await source.OpenConnectionAsync();
        string[] forbidden =
        [
            "INSERT INTO {es}.events SELECT position + 1000, stream, version + 1000, recorded, gen_random_uuid(), type, seal, data, metadata, tags FROM {es}.events LIMIT 1",
            "UPDATE {es}.events SET data = ''", "DELETE FROM {es}.events", "TRUNCATE {es}.events", "DELETE FROM {es}.streams",
                "UPDATE {es}.store SET version = 99",
            "UPDATE {es}.ledger_tiles SET hash = hash", "DELETE FROM {es}.event_types", "DROP TABLE {es}.events",
                "ALTER TABLE {es}.events DISABLE TRIGGER ALL",
        ];
        foreach (var sql in forbidden)
        {
            await using var command = new NpgsqlCommand(sql.Replace("{es}", $"\"{_schema.Name}\"", StringComparison.Ordinal), connection);
            var refused = await FluentActions.Awaiting(() => command.ExecuteNonQueryAsync()).Should().ThrowAsync<PostgresException>(sql);
            refused.Which.SqlState.Should().Be(PostgresErrorCodes.InsufficientPrivilege, sql);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Role_that_may_only_select_reads_everything_and_writes_nothing(bool isOpenedReadOnly)
    {
        await using (var admin = _schema.Open())
        {
            for (var i = 0; i < 3; i++)
                await admin.AppendAsync(Some.Append("s", i * 100, [.. Enumerable.Range(0, 100).Select(_ => Some.Event(tags: "t"))]));
            await admin.ReadModels.CommitAsync(Some.Document());
        }

        PostgresServer.Run($"""
            GRANT USAGE ON SCHEMA "{_schema.Name}" TO {_role}; GRANT SELECT ON ALL TABLES IN SCHEMA "{_schema.Name}" TO {_role}
            """);
        await using var source = SourceAs(_role);
        await using var storage = new PostgresEventStorage(source, OneSchema.OptionsFor(_schema.Name) with { ReadOnly = isOpenedReadOnly });
        (await Some.ExpectRegularAsync(storage)).Should().HaveCount(300);
        using (var page = await storage.ReadLogAsync(new LogRead { Filter = EventQuery.Any([new EventQueryItem([], ["t"])]), Limit = 7 }))
            page.Count.Should().Be(7);
        (await storage.ReadModels.CountAsync("m", [])).Should().Be(1);
        (await storage.Catalog.ListReadModelsAsync()).Should().ContainSingle();
        (await storage.WaitForEventsAsync(299)).Should().Be(300);
        await Tree.ExpectWholeAsync(storage);

        foreach (var call in (Func<Task>[])[() => storage.AppendAsync(Some.Append("s", 300)).AsTask(),
            () => storage.AppendAsync(Some.Append("new", 0, Some.Event("new-type"))).AsTask(),
            () => storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("m", "k", null)] }).AsTask()])
        {
            var refused = (await call.Should().ThrowAsync<EventSourcingException>()).Which;
            if (isOpenedReadOnly) refused.Should().BeOfType<StoreReadOnlyException>();
            else refused.Should().BeOfType<IncompatibleStoreException>().Which.Message.Should().Contain("Script");
        }

        _schema.Run("SELECT count(*)::int FROM {es}.events").Should().Be(300);
        (await storage.ReadModels.CountAsync("m", [])).Should().Be(1);
    }

    /// <summary>Who may do everything is refused too, if he does not take the trigger away; replica mode is not a way past it.</summary>
    [Theory]
    [InlineData("UPDATE {es}.events SET data = ''")]
    [InlineData("UPDATE {es}.events SET metadata = '' WHERE position = 1")]
    [InlineData("UPDATE {es}.events SET seal = decode(repeat('00', 32), 'hex')")]
    [InlineData("DELETE FROM {es}.events")]
    [InlineData("TRUNCATE {es}.events")]
    [InlineData("UPDATE {es}.streams SET name = 'other'")]
    [InlineData("DELETE FROM {es}.streams")]
    [InlineData("TRUNCATE {es}.streams CASCADE")]
    [InlineData("UPDATE {es}.event_types SET name = 'other'")]
    [InlineData("DELETE FROM {es}.event_tags")]
    [InlineData("UPDATE {es}.ledger_tiles SET hash = decode(repeat('00', 32), 'hex')")]
    public async Task Change_of_the_log_by_a_superuser_is_refused_also_in_replica_mode(string sql)
    {
        await using var storage = _schema.Open();
        for (var i = 0; i < 3; i++)
            await storage.AppendAsync(Some.Append("s", i * 100, [.. Enumerable.Range(0, 100).Select(_ => Some.Event(tags: "t"))]));
        await Tree.ExpectWholeAsync(storage);
        using (await storage.Ledger.AuditAsync(0))
        {
            // It has begun, so the tiles of this storage are stored, and there is a row to change.
        }

        foreach (var mode in (string[])["origin", "replica"])
        {
            FluentActions.Invoking(() => _schema.Run($"SET session_replication_role = {mode}; {sql}")).Should()
                .Throw<PostgresException>("in mode {0}", mode);
            PostgresServer.Run("RESET session_replication_role");
        }

        (await Some.ExpectRegularAsync(storage)).Should().HaveCount(300);
        await Tree.ExpectWholeAsync(storage);
    }

    /// <summary>The administrator owns the log, and the app's role the read models that it has made.</summary>
    [Fact]
    public async Task Mark_of_a_move_needs_a_role_that_is_a_member_of_both_owners()
    {
        var (owner, both) = (_role + "_owner", _role + "_both");
        PostgresServer.Run($"CREATE ROLE {owner}; CREATE ROLE {both}; GRANT {owner}, {_role} TO {both}; "
            + $"CREATE SCHEMA \"{_schema.Name}\" AUTHORIZATION {owner}");
        try
        {
            await using var ofOwner = SourceAs(owner);
            await using (var admin = new PostgresEventStorage(ofOwner, OneSchema.OptionsFor(_schema.Name)))
                await admin.AppendAsync(Some.Append("s", 0));
            Grants.Give(_schema.Name, _role);
            await using var ofApp = SourceAs(_role);
            await using var app = new PostgresEventStorage(ofApp, OneSchema.OptionsFor(_schema.Name));
            await app.ReadModels.CommitAsync(Some.Document());

            var refused = await FluentActions.Awaiting(() => app.SetMovedToAsync("elsewhere", 1).AsTask()).Should()
                .ThrowAsync<IncompatibleStoreException>();
            refused.Which.Message.Should().Contain("member").And.NotContain(nameof(PostgresEventStorage.Script));
            (await app.GetMovedToAsync()).Should().BeNull();

            await using var ofBoth = SourceAs(both);
            await using var mover = new PostgresEventStorage(ofBoth, OneSchema.OptionsFor(_schema.Name));
            (await mover.SetMovedToAsync("elsewhere", 1)).Should().BeTrue();
        }
        finally
        {
            PostgresServer.Run($"DROP OWNED BY {owner}, {both} CASCADE; DROP ROLE {owner}, {both}");
        }
    }

    private static NpgsqlDataSource SourceAs(string role) =>
        NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString) { Options = $"-c role={role}" });
}
