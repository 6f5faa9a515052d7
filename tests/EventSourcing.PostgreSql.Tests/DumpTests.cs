using EventSourcing.Sqlite.Tests;
using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>Copies of a store that PostgreSQL's own tools make, and schemas that were renamed.</summary>
public sealed class DumpTests : IDisposable
{
    private readonly OneSchema _schema = new();
    private readonly string _database = "es_" + Guid.NewGuid().ToString("N")[..16];
    private readonly string _dump = Path.Combine(PostgresInstance.PassableTemp(), $"es-{Guid.NewGuid():N}.dump");

    public void Dispose()
    {
        _schema.Dispose();
        PostgresServer.Run($"DROP DATABASE IF EXISTS {_database} WITH (FORCE)");
        PostgresServer.Run($"DROP SCHEMA IF EXISTS \"{_schema.Name}_old\" CASCADE");
        File.Delete(_dump);
    }

    [OwnServerFact]
    public async Task Dump_that_is_restored_into_another_database_is_an_equal_store_that_goes_on()
    {
        await FillAsync(_schema.Open(own => own));
        await using var storage = _schema.Open(own => own);
        var root = (await storage.Ledger.GetFrontierAsync()).Root();
        var copied = new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString) { Database = _database };
        Run("pg_dump", "-d", new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString).Database!, "-Fc", "--schema", _schema.Name,
            "-f", _dump);
        PostgresServer.Run($"CREATE DATABASE {_database} ENCODING 'UTF8' TEMPLATE template0");
        Run("pg_restore", "-d", _database, "--exit-on-error", _dump);

        await using var copy = new PostgresEventStorage(copied.ConnectionString, OneSchema.OptionsFor(_schema.Name));
        (await copy.Ledger.GetFrontierAsync()).Root().Should().Be(root);
        (await Some.LogOf(copy)).Should().Equal(await Some.LogOf(storage));
        await Tree.ExpectWholeAsync(copy);
        (await copy.ReadModels.CountAsync("m", [])).Should().Be(1);
        (await copy.AppendAsync(Some.Append("s", 300, Some.Event("new-type")))).Position.Should().Be(302);
        (await copy.ReadModels.LoadAsync("m", ["k"]))[0].Should().NotBeNull();
        await copy.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("m", "l", "{}"u8.ToArray())] });
        await Tree.ExpectWholeAsync(copy);
        await using var source = NpgsqlDataSource.Create(copied.ConnectionString);
        await using var change = source.CreateCommand($"DELETE FROM \"{_schema.Name}\".events");
        await FluentActions.Awaiting(() => change.ExecuteNonQueryAsync()).Should()
            .ThrowAsync<PostgresException>("the copy is append-only too");
        (await storage.GetHeadAsync()).Should().Be(301, "the copy is another store");
    }

    /// <summary>
    /// The functions of a store name its schema. After a renaming they would write into whichever schema has that name now, which may be
    /// another store: the one that a dump was restored to, for example.
    /// </summary>
    [Fact]
    public async Task Open_of_a_schema_that_was_renamed_is_refused_and_writes_to_no_store_but_can_be_read()
    {
        await using (var storage = _schema.Open()) await storage.AppendAsync(Some.Append("s", 0));
        PostgresServer.Run($"ALTER SCHEMA \"{_schema.Name}\" RENAME TO \"{_schema.Name}_old\"");
        await using (var other = _schema.Open())
        {
            await other.AppendAsync(Some.Append("s", 0));
            await using var renamed = new PostgresEventStorage(PostgresServer.DataSource, OneSchema.OptionsFor(_schema.Name + "_old"));

            foreach (var call in (Func<Task>[])[() => renamed.AppendAsync(Some.Append("s", 1)).AsTask(),
                () => renamed.ReadModels.CommitAsync(Some.Document()).AsTask()])
            {
                (await call.Should().ThrowAsync<IncompatibleStoreException>()).Which.Message.Should().Contain("another name")
                    .And.Contain("ReadOnly");
            }

            (await Some.ExpectRegularAsync(other)).Should().HaveCount(1);
            await using var reader = new PostgresEventStorage(PostgresServer.DataSource,
                OneSchema.OptionsFor(_schema.Name + "_old") with { ReadOnly = true });
            (await Some.ExpectRegularAsync(reader)).Should().HaveCount(1);
        }

        _schema.Dispose();
        PostgresServer.Run($"ALTER SCHEMA \"{_schema.Name}_old\" RENAME TO \"{_schema.Name}\"");
        await using var again = _schema.Open();
        (await again.AppendAsync(Some.Append("s", 1))).Position.Should().Be(2);
    }

    private static async Task FillAsync(PostgresEventStorage storage)
    {
        for (var i = 0; i < 3; i++)
            await storage.AppendAsync(Some.Append("s", i * 100, [.. Enumerable.Range(0, 100).Select(n => Some.Event(tags: $"t-{n}"))]));
        await storage.ReadModels.CommitAsync(Some.Document());
        await using var store = new EventStore(storage, new EventTypes());
        await store.ErasePayloadsAsync([7], "a test");
    }

    private static void Run(string program, params string[] arguments)
    {
        var server = new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString);
        PostgresServer.Binaries.Run(program, ["-h", server.Host!, "-p", $"{server.Port}", "-U", server.Username!, .. arguments]);
    }
}
