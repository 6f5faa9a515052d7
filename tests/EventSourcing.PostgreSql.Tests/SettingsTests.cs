using EventSourcing.Sqlite.Tests;
using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// What a database or a session may have been set to is either made right for an append or refused, never silently accepted.
/// </summary>
public sealed class SettingsTests : IDisposable
{
    private readonly string _database = "es_" + Guid.NewGuid().ToString("N")[..16];
    private readonly OneSchema _schema = new();

    public void Dispose()
    {
        _schema.Dispose();
        PostgresServer.Run($"DROP DATABASE IF EXISTS {_database} WITH (FORCE)");
    }

    /// <summary>
    /// With one snapshot for a transaction, an append would read the state from before its wait for the lock, and give positions
    /// twice.
    /// </summary>
    [Theory]
    [InlineData("repeatable read")]
    [InlineData("serializable")]
    public async Task Append_in_a_database_of_another_isolation_is_dense_and_ordered(string isolation)
    {
        var connectionString = NewDatabase($"default_transaction_isolation = '{isolation}'");
        await using var one = Open(connectionString);
        await using var other = Open(connectionString);
        await one.AppendAsync(Some.Append("shared", ExpectedVersion.Any));
        await Task.WhenAll(Enumerable.Range(0, 16).Select(n => Task.Run(async () =>
        {
            var storage = n % 2 == 0 ? one : other;
            for (var i = 0; i < 15; i++) await storage.AppendAsync(Some.Append(n % 4 < 2 ? "shared" : $"own-{n}", ExpectedVersion.Any));
        })));

        (await Some.ExpectRegularAsync(one)).Should().HaveCount(241);
        await one.ReadModels.CommitAsync(Some.Document());
        (await other.ReadModels.CountAsync("m", [])).Should().Be(1);
    }

    /// <summary>The setting is read within the commit itself, by a trigger that somebody else has put there.</summary>
    [Theory]
    [InlineData("off")]
    [InlineData("local")]
    public async Task Append_in_a_database_that_does_not_wait_for_the_disk_waits_for_it_all_the_same(string setting)
    {
        var connectionString = NewDatabase($"synchronous_commit = '{setting}'");
        await using var storage = Open(connectionString);
        await storage.AppendAsync(Some.Append("s", 0));
        await using (var source = NpgsqlDataSource.Create(connectionString))
        {
            await using var spy = source.CreateCommand($"""
                CREATE TABLE public.seen (what text);
                CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
                CREATE TRIGGER see AFTER INSERT ON "{_schema.Name}".events EXECUTE FUNCTION public.see()
                """);
            await spy.ExecuteNonQueryAsync();
            await storage.AppendAsync(Some.Append("s", 1));
            await storage.AppendAsync(Some.Append("s", 2) with { ReadModels = (_, _) => ValueTask.FromResult(new ReadModelCommit()) });
            await using var read = source.CreateCommand("SELECT string_agg(what, ' ') FROM public.seen");
            (await read.ExecuteScalarAsync()).Should().Be("on on");
        }
    }

    /// <summary>The mark that a store has moved must not be lost: others would write at the old place again.</summary>
    [Fact]
    public async Task Mark_of_a_move_in_a_database_that_does_not_wait_for_the_disk_waits_for_it_and_its_holder_is_ended_in_time()
    {
        var connectionString = NewDatabase("synchronous_commit = 'off'");
        await using var storage = new PostgresEventStorage(connectionString,
            OneSchema.OptionsFor(_schema.Name) with { HolderTimeout = TimeSpan.FromMilliseconds(4321) });
        await storage.AppendAsync(Some.Append("s", 0));
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var spy = source.CreateCommand("""
            CREATE TABLE public.seen (what text);
            CREATE FUNCTION public.see() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen
                VALUES (current_setting('synchronous_commit') || ' ' || current_setting('idle_in_transaction_session_timeout')); END $$;
            CREATE EVENT TRIGGER see ON ddl_command_end WHEN TAG IN ('CREATE TRIGGER') EXECUTE FUNCTION public.see()
            """);
        await spy.ExecuteNonQueryAsync();

        (await storage.SetMovedToAsync("elsewhere", 1)).Should().BeTrue();

        await using var read = source.CreateCommand("SELECT string_agg(DISTINCT what, ', ') FROM public.seen");
        (await read.ExecuteScalarAsync()).Should().Be("on 4321ms");
    }

    [Fact]
    public async Task Open_on_a_server_that_does_not_sync_is_refused_unless_the_option_names_the_consequence()
    {
        await using var strict = new PostgresEventStorage(PostgresServer.ConnectionString,
            new PostgresEventStorageOptions { Schema = _schema.Name });
        if (PostgresServer.Run("SHOW fsync") is "on")
        {
            (await strict.AppendAsync(Some.Append("s", 0))).Position.Should().Be(1);
            return;
        }

        var refused = await FluentActions.Awaiting(() => strict.AppendAsync(Some.Append("s", 0)).AsTask()).Should()
            .ThrowAsync<IncompatibleStoreException>();

        refused.Which.Message.Should().Contain("fsync").And.Contain(nameof(PostgresEventStorageOptions.AllowLossOfAcknowledgedEvents));
        PostgresServer.Run($"SELECT count(*)::int FROM pg_namespace WHERE nspname = '{_schema.Name}'").Should().Be(0, "nothing was made");
        await using var storage = _schema.Open();
        (await storage.AppendAsync(Some.Append("s", 0))).Position.Should().Be(1);
    }

    [Fact]
    public async Task Open_in_a_database_that_is_not_utf8_is_refused_and_makes_nothing()
    {
        var connectionString = NewDatabase(null, "ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
        await using var storage = Open(connectionString);

        var refused = await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 0)).AsTask()).Should()
            .ThrowAsync<IncompatibleStoreException>();

        refused.Which.Message.Should().Contain("UTF8").And.Contain("LATIN1");
    }

    /// <summary>How an administrator sets a database up must not matter: statement timeouts, read-only by default, odd formats.</summary>
    [Fact]
    public async Task Append_and_read_in_a_database_with_odd_defaults_work()
    {
        var connectionString = NewDatabase("datestyle = 'German'", null, "bytea_output = 'escape'", "standard_conforming_strings = off",
            "timezone = 'Asia/Kathmandu'", "search_path = 'pg_temp'", "lc_messages = 'C'", "extra_float_digits = -3",
            "enable_indexscan = off", "jit = on");
        await using var storage = Open(connectionString);
        var e = Some.Event("it's", "{\"a\":\"\\\\ü\"}", null, "tag's");
        await storage.AppendAsync(Some.Append("s'\\", 0, e));
        using var page = await storage.ReadStreamAsync(new StreamRead("s'\\"));
        (page.Events[0].Id, page.Events[0].Type, page.Events[0].Tags.Single()).Should().Be((e.Id, "it's", "tag's"));
        page.Events[0].Data.ToArray().Should().Equal(e.Data.ToArray());
        await Tree.ExpectWholeAsync(storage);
    }

    private PostgresEventStorage Open(string connectionString) => new(connectionString, OneSchema.OptionsFor(_schema.Name));

    private string NewDatabase(string? setting, string? with = null, params string[] settings)
    {
        PostgresServer.Run($"CREATE DATABASE {_database} {with}");
        foreach (var one in (string?[])[setting, .. settings])
        {
            if (one is not null) PostgresServer.Run($"ALTER DATABASE {_database} SET {one}");
        }

        return new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString) { Database = _database }.ConnectionString;
    }
}
