using System.Net;
using System.Net.Sockets;
using System.Transactions;
using EventSourcing.Sqlite.Tests;
using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>What somebody may write into a connection string, or may have around a call, and what then happens.</summary>
public sealed class ConnectionTests : IDisposable
{
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    /// <summary>The driver's own limit is as many as a server takes by default.</summary>
    [Theory]
    [InlineData("Host=x", 32)]
    [InlineData("Host=x;Maximum Pool Size=5", 5)]
    [InlineData("Host=x;MaxPoolSize=100", 100)]
    [InlineData("Host=x;Minimum Pool Size=50", 50)]
    public void Pool_is_small_unless_the_connection_string_says_otherwise(string connectionString, int connections) =>
        ConnectionSettings.Read(connectionString, isThroughPooler: false).MaxPoolSize.Should().Be(connections);

    [Theory]
    [InlineData("postgres://shop:s3cret@localhost:5432/shop", "URL")]
    [InlineData("postgresql://shop:s3cret@localhost/shop?sslmode=require", "URL")]
    [InlineData("shop.db", "not a connection string")]
    [InlineData("Hots=localhost;Password=s3cret", "not a connection string")]
    [InlineData("Host=localhost;Port=s3cret", "not a connection string")]
    [InlineData("Host=localhost;Port=99999999999;Password=s3cret", "not a connection string")]
    [InlineData("Database=shop;Username=shop;Password=s3cret", "does not name a host")]
    [InlineData("Host=;Database=shop;Password=s3cret", "does not name a host")]
    public void Create_with_what_is_no_connection_string_says_what_one_looks_like_and_repeats_no_password(string text, string flaw)
    {
        var refused = FluentActions.Invoking(() => new PostgresEventStorage(text)).Should().Throw<ArgumentException>().Which;

        refused.Message.Should().Contain(flaw).And.Contain("Host=localhost;Database=").And.NotContain("s3cret");
    }

    [Fact]
    public async Task Open_where_no_server_listens_or_no_such_database_or_role_is_says_so_at_once_and_repeats_no_password()
    {
        var known = new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString);
        var role = "es_nobody_" + Guid.NewGuid().ToString("N")[..8];
        (NpgsqlConnectionStringBuilder Settings, string Says)[] wrong =
        [
            (new(known.ConnectionString) { Host = "127.0.0.1", Port = PortOfNobody() }, "127.0.0.1"),
            (new(known.ConnectionString) { Database = "es_not_there" }, "es_not_there"),
            (new(known.ConnectionString) { Username = role, Passfile = "/nowhere" }, role),
            (new(known.ConnectionString) { Host = "no-such-host.invalid" }, "no-such-host.invalid"),
        ];
        foreach (var (settings, says) in wrong)
        {
            settings.Password = "s3cret";
            await using var storage = new PostgresEventStorage(settings.ConnectionString, OneSchema.OptionsFor(_schema.Name));
            foreach (var call in (Func<Task>[])[() => storage.AppendAsync(Some.Append("s", 0)).AsTask(),
                () => storage.GetHeadAsync().AsTask()])
            {
                var failed = (await call.Should().ThrowAsync<StorageFailedException>(says)).Which;
                failed.OutcomeIsUnknown.Should().BeFalse();
                failed.ToString().Should().Contain(says).And.NotContain("s3cret");
            }
        }
    }

    /// <summary>What is harmless elsewhere must not make a store wrong.</summary>
    [Theory]
    [InlineData("Multiplexing=true")]
    [InlineData("Client Encoding=LATIN1")]
    [InlineData("Client Encoding=SQL_ASCII;Encoding=latin1")]
    [InlineData("Maximum Pool Size=1")]
    [InlineData("Pooling=false")]
    [InlineData("Command Timeout=1")]
    [InlineData("No Reset On Close=true")]
    [InlineData("Max Auto Prepare=0")]
    [InlineData("Max Auto Prepare=2;Auto Prepare Min Usages=1")]
    [InlineData("Server Compatibility Mode=NoTypeLoading")]
    [InlineData("Array Nullability Mode=Always")]
    [InlineData("Target Session Attributes=primary")]
    [InlineData("Target Session Attributes=read-write")]
    [InlineData("Options=-c standard_conforming_strings=off -c timezone=Asia/Kathmandu -c DateStyle=German")]
    [InlineData("Options=-c search_path=nowhere -c transform_null_equals=on -c quote_all_identifiers=on -c array_nulls=off")]
    [InlineData("Options=-c idle_in_transaction_session_timeout=50 -c lock_timeout=1 -c statement_timeout=5000")]
    [InlineData("Options=-c client_min_messages=debug5 -c plan_cache_mode=force_custom_plan -c check_function_bodies=on")]
    [InlineData("Options=-c session_replication_role=replica -c synchronize_seqscans=off -c row_security=off")]
    [InlineData("Options=-c enable_seqscan=off -c work_mem=64kB -c jit_above_cost=0 -c max_parallel_workers_per_gather=4")]
    public async Task Store_by_a_connection_string_with_an_odd_setting_works_as_any(string setting)
    {
        await using (var storage = new PostgresEventStorage($"{PostgresServer.ConnectionString};{setting}",
            OneSchema.OptionsFor(_schema.Name)))
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
            {
                for (var i = 0; i < 20; i++)
                    await storage.AppendAsync(Some.Append($"ström {n} ☃", i, Some.Event("größe", "{\"ß\":\"😀\\\\\"}", null, "täg's")));
            })));
            await storage.AppendAsync(Some.Append("one", ExpectedVersion.Any) with
            {
                Conditions = [new AppendCondition(EventQuery.Any([new EventQueryItem([], ["nobody-has-this"])]), 0)],
                ReadModels = (_, _) => ValueTask.FromResult(Some.Document()),
            });
            await storage.ReadModels.CommitAsync(new ReadModelCommit
            {
                Changes = [new DocumentChange("m", "schlüssel", "{}"u8.ToArray())],
            });
            (await storage.ReadModels.CountAsync("m", [])).Should().Be(2);
            (await storage.WaitForEventsAsync(160)).Should().Be(161);
            (await storage.QueryAsync(async (connection, token) =>
            {
                await using var command = new NpgsqlCommand("SELECT count(*) FROM event_log WHERE data->>'ß' LIKE '😀%'", connection);
                return (long)(await command.ExecuteScalarAsync(token))!;
            })).Should().Be(160);
            await Tree.ExpectWholeAsync(storage);
        }

        await using var other = _schema.Open();
        (await Some.ExpectRegularAsync(other)).Should().HaveCount(161);
        (await Some.LogOf(other)).Select(e => e.Stream).Distinct().Should().Contain("ström 3 ☃");
        await Tree.ExpectWholeAsync(other);
    }

    /// <summary>What others of the process append must not end with the transaction of one of them.</summary>
    [Theory]
    [InlineData(true, TransactionScopeAsyncFlowOption.Enabled)]
    [InlineData(false, TransactionScopeAsyncFlowOption.Enabled)]
    [InlineData(true, TransactionScopeAsyncFlowOption.Suppress)]
    [InlineData(false, TransactionScopeAsyncFlowOption.Suppress)]
    public async Task Append_within_a_transaction_of_the_app_that_is_rolled_back_is_stored(bool byString,
        TransactionScopeAsyncFlowOption flow)
    {
        await using var source = NpgsqlDataSource.Create(PostgresServer.ConnectionString);
        var options = OneSchema.OptionsFor(_schema.Name);
        await using var storage = byString ? new PostgresEventStorage(PostgresServer.ConnectionString, options)
            : new PostgresEventStorage(source, options);
        Task<AppendResult> appending;
        Task committing;
        using (new TransactionScope(TransactionScopeOption.Required, flow))
        {
            appending = storage.AppendAsync(Some.Append("s", 0)).AsTask();
            committing = storage.ReadModels.CommitAsync(Some.Document()).AsTask();
            if (flow == TransactionScopeAsyncFlowOption.Enabled) await Task.WhenAll(appending, committing);
        }

        (await appending).Position.Should().Be(1);
        await committing;
        await using var other = _schema.Open();
        (await Some.ExpectRegularAsync(other)).Should().HaveCount(1);
        (await other.ReadModels.CountAsync("m", [])).Should().Be(1);
        (await storage.AppendAsync(Some.Append("s", 1))).Position.Should().Be(2);
    }

    [Theory]
    [InlineData("Multiplexing=true", "Multiplexing")]
    [InlineData("Maximum Pool Size=1", "Maximum Pool Size")]
    public async Task Create_with_a_data_source_that_a_store_cannot_work_with_is_a_bad_argument(string setting, string names)
    {
        await using var source = NpgsqlDataSource.Create($"{PostgresServer.ConnectionString};{setting}");

        FluentActions.Invoking(() => new PostgresEventStorage(source)).Should().Throw<ArgumentException>().Which
            .Message.Should().Contain(names);
    }

    [Fact]
    public async Task Open_with_a_data_source_of_another_encoding_is_refused_and_makes_nothing()
    {
        await using var source = NpgsqlDataSource.Create($"{PostgresServer.ConnectionString};Client Encoding=LATIN1");
        await using var storage = new PostgresEventStorage(source, OneSchema.OptionsFor(_schema.Name));

        (await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 0)).AsTask()).Should()
            .ThrowAsync<IncompatibleStoreException>()).Which.Message.Should().Contain("LATIN1").And.Contain("UTF8");

        PostgresServer.Run($"SELECT count(*)::int FROM pg_namespace WHERE nspname = '{_schema.Name}'").Should().Be(0);
    }

    /// <summary>Of the role, the database or the server; providers set it when the disk is nearly full.</summary>
    [Fact]
    public async Task Open_where_transactions_may_only_read_says_so_at_once_and_a_store_opened_read_only_reads()
    {
        await using (var writer = _schema.Open()) await writer.AppendAsync(Some.Append("s", 0));
        var onlyReads = $"{PostgresServer.ConnectionString};Options=-c default_transaction_read_only=on";
        await using var storage = new PostgresEventStorage(onlyReads, OneSchema.OptionsFor(_schema.Name));
        await using var reader = new PostgresEventStorage(onlyReads, OneSchema.OptionsFor(_schema.Name) with { ReadOnly = true });

        var failed = (await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 1)).AsTask()).Should()
            .ThrowAsync<StorageFailedException>()).Which;

        failed.OutcomeIsUnknown.Should().BeFalse();
        failed.Message.Should().Contain("default_transaction_read_only").And.Contain("ReadOnly");
        (await Some.ExpectRegularAsync(reader)).Should().HaveCount(1);
    }

    /// <summary>Sessions that nobody uses are ended by the server, those of a storage at rest too.</summary>
    [Fact]
    public async Task Append_and_read_after_the_server_has_ended_idle_sessions_work()
    {
        await using var storage = new PostgresEventStorage(
            $"{PostgresServer.ConnectionString};Options=-c idle_session_timeout=1000;Application Name={_schema.Name}",
            OneSchema.OptionsFor(_schema.Name));
        for (var i = 0; i < 3; i++)
        {
            (await storage.AppendAsync(Some.Append("s", i))).Position.Should().Be(i + 1);
            await storage.ReadModels.CommitAsync(new ReadModelCommit
            {
                Creates = i == 0 ? [new ReadModelDefinition("m", [])] : [],
                Changes = [new DocumentChange("m", $"{i}", "{}"u8.ToArray())],
            });
            while (PostgresServer.Run($"SELECT count(*)::int FROM pg_stat_activity WHERE application_name = '{_schema.Name}'") is not 0)
                await Task.Delay(20);
            (await storage.GetHeadAsync()).Should().Be(i + 1);
        }

        (await Some.ExpectRegularAsync(storage)).Should().HaveCount(3);
        (await storage.ReadModels.CountAsync("m", [])).Should().Be(3);
    }

    /// <summary>As after a restart of the server, while nobody used the app's data source.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Open_with_a_data_source_whose_sessions_have_ended_works(bool appends)
    {
        await using (var first = _schema.Open()) await first.AppendAsync(Some.Append("s", 0));
        await using var source = NpgsqlDataSource.Create($"{PostgresServer.ConnectionString};Application Name={_schema.Name}");
        var idle = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => source.OpenConnectionAsync().AsTask()));
        foreach (var connection in idle) await connection.DisposeAsync();
        PostgresServer.Run($"SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE application_name = '{_schema.Name}'");

        await using var storage = new PostgresEventStorage(source, OneSchema.OptionsFor(_schema.Name));
        if (appends) (await storage.AppendAsync(Some.Append("s", 1))).Position.Should().Be(2);
        else (await storage.GetHeadAsync()).Should().Be(1);
    }

    private static int PortOfNobody()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
