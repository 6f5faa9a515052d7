using EventSourcing.Sqlite.Tests;
using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>Names that stand before the store's own, put there by mistake or on purpose.</summary>
public sealed class AttackTests : IDisposable
{
    private readonly OneSchema _schema = new();
    private readonly string _role = "es_app_" + Guid.NewGuid().ToString("N")[..12];
    private readonly string _evil = "es_evil_" + Guid.NewGuid().ToString("N")[..12];
    private bool _hasRole;

    public void Dispose()
    {
        _schema.Dispose();
        PostgresServer.Run($"DROP SCHEMA IF EXISTS {_evil} CASCADE");
        if (_hasRole) PostgresServer.Run($"DROP OWNED BY {_role}; DROP ROLE {_role}");
    }

    [Fact]
    public async Task Append_and_read_beside_temporary_tables_of_the_same_names_use_the_stores_own()
    {
        await using (var first = _schema.Open()) await first.AppendAsync(Some.Append("s", 0));
        await using var source = SourceThatRuns("""
            CREATE TEMP TABLE events (position bigint, stream bigint, version bigint, recorded bigint, id uuid, type int, seal bytea,
                data bytea, metadata bytea, tags text);
            CREATE TEMP TABLE streams (id bigint, name text);
            CREATE TEMP TABLE event_types (id int, name text);
            CREATE TEMP TABLE event_tags (tag text, position bigint, type int);
            CREATE TEMP TABLE ledger_tiles (level int, number bigint, hash bytea, marks bytea);
            CREATE TEMP TABLE read_models (id int, name text, fields text);
            CREATE TEMP TABLE store (application text, version int)
            """);
        await using var storage = new PostgresEventStorage(source, OneSchema.OptionsFor(_schema.Name));
        for (var i = 1; i < 300; i++) await storage.AppendAsync(Some.Append("s", i, Some.Event("new-type", tags: "t")));
        await storage.ReadModels.CommitAsync(Some.Document());

        await using var other = _schema.Open();
        (await Some.ExpectRegularAsync(other)).Should().HaveCount(300);
        (await other.ReadModels.CountAsync("m", [])).Should().Be(1);
        await Tree.ExpectWholeAsync(other);
        await Tree.ExpectWholeAsync(storage);
    }

    [Fact]
    public async Task Append_with_a_search_path_that_leads_elsewhere_uses_the_stores_own()
    {
        using var decoy = new OneSchema();
        await using (var first = _schema.Open()) await first.AppendAsync(Some.Append("s", 0));
        await using (var second = decoy.Open()) await second.AppendAsync(Some.Append("decoy", 0));
        await using var source = SourceThatRuns($"SET search_path = \"{decoy.Name}\", public");
        await using var storage = new PostgresEventStorage(source, OneSchema.OptionsFor(_schema.Name));
        (await storage.AppendAsync(Some.Append("s", 1))).Position.Should().Be(2);
        decoy.Run("SELECT count(*)::int FROM {es}.events").Should().Be(1);
        _schema.Run("SELECT count(*)::int FROM {es}.events").Should().Be(2);
    }

    /// <summary>
    /// The functions of the store run with the rights of its owner. An app's role that may call them must not be able to have
    /// them call operators and functions of its own, which would then have those rights.
    /// </summary>
    [Fact]
    public async Task Append_by_a_role_with_operators_of_its_own_never_runs_them_as_the_owner()
    {
        await using (var first = _schema.Open()) await first.AppendAsync(Some.Append("s", 0, Some.Event(tags: "t")));
        _hasRole = true;
        PostgresServer.Run($"CREATE ROLE {_role} LOGIN; CREATE SCHEMA {_evil} AUTHORIZATION {_role}; GRANT {_role} TO CURRENT_USER");
        Grants.Give(_schema.Name, _role);
        PostgresServer.Run($"""
            SET ROLE {_role};
            CREATE TABLE {_evil}.calls (by text);
            CREATE FUNCTION {_evil}.spy() RETURNS void LANGUAGE sql AS 'INSERT INTO {_evil}.calls VALUES (current_user)';
            GRANT USAGE ON SCHEMA {_evil} TO PUBLIC; GRANT ALL ON {_evil}.calls TO PUBLIC;
            {Spies()}
            CREATE FUNCTION {_evil}.pg_advisory_xact_lock(bigint) RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM {_evil}.spy(); END';
            CREATE OPERATOR {_evil}.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = {_evil}.same);
            CREATE OPERATOR {_evil}.= (LEFTARG = text, RIGHTARG = text, FUNCTION = {_evil}.same);
            CREATE OPERATOR {_evil}.= (LEFTARG = int, RIGHTARG = int, FUNCTION = {_evil}.same);
            CREATE OPERATOR {_evil}.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = {_evil}.same);
            CREATE OPERATOR {_evil}.<> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = {_evil}.other);
            CREATE OPERATOR {_evil}.> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = {_evil}.more);
            CREATE OPERATOR {_evil}.< (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = {_evil}.less);
            CREATE OPERATOR {_evil}.+ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = {_evil}.sum);
            CREATE OPERATOR {_evil}.- (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = {_evil}.difference);
            RESET ROLE
            """);
        await using var source = SourceThatRuns($"SET ROLE {_role}; SET search_path = {_evil}, pg_catalog");
        await using (var storage = new PostgresEventStorage(source, OneSchema.OptionsFor(_schema.Name)))
        {
            await storage.AppendAsync(Some.Append("s", 1));
            await storage.AppendAsync(new AppendRequest([new StreamWrite("s", 2, [Some.Event(tags: "t")]),
                new StreamWrite("new", 0, [Some.Event()]), new StreamWrite("checked", 0, [])]));
            await storage.AppendAsync(Some.Append("s", 3) with { Conditions = [new AppendCondition(EventQuery.All, 4)] });
            await using var store = new EventStore(storage, new EventTypes());
            await store.ErasePayloadsAsync([1, 2], "a test");
        }

        PostgresServer.Run($"SELECT count(*)::int FROM {_evil}.calls WHERE by <> '{_role}'").Should()
            .Be(0, "what is the owner's to run is not the app's to choose");
        await using var honest = _schema.Open();
        (await Some.ExpectRegularAsync(honest)).Should().HaveCount(6);
    }

    /// <summary>Functions of the attacker, each with the result of the real one. They tell as whom they were called.</summary>
    private string Spies()
    {
        (string Name, string Arguments, string Returns, string Real)[] spies =
        [
            ("same", "bigint, bigint", "boolean", "$1 OPERATOR(pg_catalog.=) $2"),
            ("same", "text, text", "boolean", "$1 OPERATOR(pg_catalog.=) $2"),
            ("same", "int, int", "boolean", "$1 OPERATOR(pg_catalog.=) $2"),
            ("same", "uuid, uuid", "boolean", "$1 OPERATOR(pg_catalog.=) $2"),
            ("other", "bigint, bigint", "boolean", "$1 OPERATOR(pg_catalog.<>) $2"),
            ("more", "bigint, bigint", "boolean", "$1 OPERATOR(pg_catalog.>) $2"),
            ("less", "bigint, bigint", "boolean", "$1 OPERATOR(pg_catalog.<) $2"),
            ("sum", "bigint, bigint", "bigint", "$1 OPERATOR(pg_catalog.+) $2"),
            ("difference", "bigint, bigint", "bigint", "$1 OPERATOR(pg_catalog.-) $2"),
            ("lower", "text", "text", "pg_catalog.lower($1)"),
            ("octet_length", "bytea", "int", "pg_catalog.octet_length($1)"),
            ("current_setting", "text", "text", "pg_catalog.current_setting($1)"),
            ("set_config", "text, text, boolean", "text", "pg_catalog.set_config($1, $2, $3)"),
        ];
        return string.Join('\n', spies.Select(spy => $"""
            CREATE FUNCTION {_evil}.{spy.Name}({spy.Arguments}) RETURNS {spy.Returns} LANGUAGE plpgsql AS
                'BEGIN PERFORM {_evil}.spy(); RETURN {spy.Real}; END';
            """));
    }

    private static NpgsqlDataSource SourceThatRuns(string sql)
    {
        var builder = new NpgsqlDataSourceBuilder(PostgresServer.ConnectionString);
        builder.ConnectionStringBuilder.NoResetOnClose = true;
        builder.UsePhysicalConnectionInitializer(
            connection =>
            {
                using var command = new NpgsqlCommand(sql, connection);
                command.ExecuteNonQuery();
            },
            async connection =>
            {
                await using var command = new NpgsqlCommand(sql, connection);
                await command.ExecuteNonQueryAsync();
            });
        return builder.Build();
    }
}
