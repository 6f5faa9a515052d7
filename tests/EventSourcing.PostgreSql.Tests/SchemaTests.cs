using EventSourcing.Tests.Postgres;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>One database may hold many stores, and other things.</summary>
public sealed class SchemaTests : IDisposable
{
    private readonly SchemaPerStore _schemas = new();

    public void Dispose() => _schemas.Dispose();

    [Theory]
    [InlineData("events_by_id")]
    [InlineData("events_pkey")]
    [InlineData("streams_by_name")]
    public async Task Open_a_store_that_lacks_a_unique_index_is_refused_unless_it_is_only_read(string index)
    {
        using var schema = new OneSchema();
        await using (var first = schema.Open()) await first.AppendAsync(Some.Append("s", 0));
        schema.Run($"ALTER TABLE {{es}}.{index.Split('_')[0]} DROP CONSTRAINT {index}");

        await using var storage = schema.Open();
        await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 1)).AsTask())
            .Should().ThrowAsync<IncompatibleStoreException>().WithMessage($"*unique index '{index}' is missing*");

        schema.Run("SELECT count(*)::int FROM {es}.events").Should().Be(1);
        await using var readOnly = schema.Open(own => own with { ReadOnly = true });
        (await readOnly.GetHeadAsync()).Should().Be(1);
    }

    [Theory]
    [InlineData("events")]
    [InlineData("event_tags")]
    [InlineData("read_models")]
    public async Task Open_a_store_with_an_unlogged_table_is_refused_unless_it_is_only_read(string table)
    {
        using var schema = new OneSchema();
        await using (var first = schema.Open()) await first.AppendAsync(Some.Append("s", 0));
        schema.Run($"ALTER TABLE {{es}}.{table} SET UNLOGGED");

        await using var storage = schema.Open();
        await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 1)).AsTask())
            .Should().ThrowAsync<IncompatibleStoreException>().WithMessage($"*table '{table}' is UNLOGGED*");

        schema.Run("SELECT count(*)::int FROM {es}.events").Should().Be(1);
        await using var readOnly = schema.Open(own => own with { ReadOnly = true });
        (await readOnly.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Stores_in_one_database_know_nothing_of_each_other()
    {
        var (one, other) = (_schemas.Next(), _schemas.Next());
        await using var first = one.Open();
        await using var second = other.Open();
        var shared = Some.Event();
        await first.AppendAsync(Some.Append("s", 0, shared));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++) await (n % 2 == 0 ? first : second).AppendAsync(Some.Append($"s-{n}", i));
        })));
        (await second.AppendAsync(Some.Append("s", 0, shared)))
            .Should().Match<AppendResult>(result => !result.WasAlreadyStored && result.Version == 1);
        (await Some.ExpectRegularAsync(first)).Should().HaveCount(101);
        (await Some.ExpectRegularAsync(second)).Should().HaveCount(101);
        await first.ReadModels.CommitAsync(Some.Document());
        (await second.Catalog.ListReadModelsAsync()).Should().BeEmpty();
        one.Dispose();
        (await second.AppendAsync(Some.Append("s", 1))).Position.Should().Be(102);
    }

    [Fact]
    public async Task Append_to_one_store_does_not_wait_for_the_lock_of_another()
    {
        var (one, other) = (_schemas.Next(), _schemas.Next());
        await using var first = one.Open();
        await using var second = other.Open(own => own with { BusyTimeout = TimeSpan.FromMilliseconds(200) });
        await first.AppendAsync(Some.Append("s", 0));
        await second.AppendAsync(Some.Append("s", 0));
        await using var connection = await PostgresServer.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var hold = new Npgsql.NpgsqlCommand($"SELECT pg_advisory_xact_lock((SELECT lock_key FROM \"{one.Name}\".store))",
            connection, transaction)) await hold.ExecuteNonQueryAsync();
        (await second.AppendAsync(Some.Append("s", 1))).Position.Should().Be(2);
    }

    [Theory]
    [InlineData("CREATE SCHEMA {es}; CREATE TABLE {es}.events (id int)", "no store")]
    [InlineData("CREATE SCHEMA {es}; CREATE TABLE {es}.store (application text, version int); INSERT INTO {es}.store VALUES ('another app', 1)", "another app's")]
    public async Task Open_of_a_schema_that_somebody_else_uses_is_refused_and_changes_nothing(string sql, string whose)
    {
        var schema = _schemas.Next();
        schema.Run(sql);
        await using var storage = schema.Open();
        var before = schema.Run(TablesIn(schema.Name));

        await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 0)).AsTask()).Should()
            .ThrowAsync<IncompatibleStoreException>("it is {0}", whose);
        await FluentActions.Awaiting(() => storage.GetHeadAsync().AsTask()).Should().ThrowAsync<IncompatibleStoreException>();

        schema.Run(TablesIn(schema.Name)).Should().Be(before);
    }

    [Fact]
    public async Task Open_of_a_store_of_a_newer_version_is_refused_and_changes_nothing()
    {
        var schema = _schemas.Next();
        await using (var storage = schema.Open()) await storage.AppendAsync(Some.Append("s", 0));
        schema.Run("UPDATE {es}.store SET version = version + 1");
        await using var older = schema.Open();
        await FluentActions.Awaiting(() => older.AppendAsync(Some.Append("s", 1)).AsTask()).Should()
            .ThrowAsync<IncompatibleStoreException>();
        schema.Run("SELECT count(*)::int FROM {es}.events").Should().Be(1);
    }

    [Fact]
    public async Task Open_of_an_empty_schema_that_an_administrator_has_made_makes_the_store_in_it()
    {
        var schema = _schemas.Next();
        schema.Run("CREATE SCHEMA {es}");
        await using var storage = schema.Open();
        (await storage.AppendAsync(Some.Append("s", 0))).Position.Should().Be(1);
    }

    [Fact]
    public async Task Store_that_is_dropped_while_it_is_in_use_is_a_typed_error()
    {
        var schema = _schemas.Next();
        await using var storage = schema.Open();
        await storage.AppendAsync(Some.Append("s", 0));
        schema.Dispose();
        foreach (var call in (Func<Task>[])[() => storage.AppendAsync(Some.Append("s", 1)).AsTask(), () => storage.GetHeadAsync().AsTask()])
            (await call.Should().ThrowAsync<StorageFailedException>()).Which.OutcomeIsUnknown.Should().BeFalse();
    }

    /// <summary>A name that needs quotes, and one that is a word of SQL.</summary>
    [Theory]
    [InlineData("Größe 1")]
    [InlineData("order")]
    [InlineData("A.b-c")]
    public async Task Store_in_a_schema_with_an_odd_name_works(string name)
    {
        name = $"{name} {Guid.NewGuid().ToString("N")[..8]}";
        try
        {
            await using var storage = new PostgresEventStorage(PostgresServer.DataSource, OneSchema.OptionsFor(name));
            for (var i = 0; i < 3; i++) await storage.AppendAsync(Some.Append("s", i, Some.Event(tags: "t")));
            await storage.ReadModels.CommitAsync(Some.Document());
            (await Some.ExpectRegularAsync(storage)).Should().HaveCount(3);
        }
        finally
        {
            PostgresServer.Run($"DROP SCHEMA IF EXISTS \"{name}\" CASCADE");
        }
    }

    private static string TablesIn(string schema) =>
        $"SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM information_schema.tables WHERE table_schema = '{schema}'";
}
