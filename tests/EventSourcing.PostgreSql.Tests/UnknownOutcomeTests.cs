using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// The server has committed an append and its answer is lost. Whatever then keeps the storage from looking the append up, nobody is told
/// that nothing was written.
/// </summary>
public sealed class UnknownOutcomeTests : IClassFixture<ReplicaTests.Pair>, IDisposable
{
    /// <summary>The server's first message, after the three messages of an append that is prepared.</summary>
    private const int FirstOfAnswer = 4;

    private static readonly TimeSpan Never = TimeSpan.FromSeconds(60);
    private readonly ReplicaTests.Pair _pair;
    private readonly OneSchema _schema = new();
    private readonly string _name = "es_" + Guid.NewGuid().ToString("N")[..16];

    public UnknownOutcomeTests(ReplicaTests.Pair pair) => _pair = pair;

    public void Dispose()
    {
        _schema.Dispose();
        PostgresServer.Run($"DROP DATABASE IF EXISTS {_name} WITH (FORCE)");
    }

    [Fact]
    public async Task Append_whose_answer_is_lost_while_somebody_holds_the_lock_is_unknown()
    {
        await using var proxy = Proxy();
        await using var storage = Open(proxy, PostgresServer.ConnectionString);
        var request = await LoseAnswerAsync(proxy, storage, out var append);
        await using (var holder = new NpgsqlConnection(PostgresServer.ConnectionString + ";Pooling=false"))
        {
            await holder.OpenAsync();
            await using var hold = new NpgsqlCommand($"BEGIN; SELECT pg_advisory_xact_lock((SELECT lock_key FROM \"{_schema.Name}\".store))", holder);
            await hold.ExecuteNonQueryAsync();
            proxy.Refuse(false);
            await ExpectUnknownAsync(append());
        }

        await ExpectStoredOnceAsync(storage, request);
    }

    /// <summary>As after a restart, when all clients of the server come at once.</summary>
    [Fact]
    public async Task Append_whose_answer_is_lost_to_a_server_that_takes_no_more_connections_is_unknown()
    {
        await using (var owner = _schema.Open()) await owner.GetHeadAsync();
        var role = "es_app_" + Guid.NewGuid().ToString("N")[..12];
        PostgresServer.Run($"CREATE ROLE {role} LOGIN PASSWORD 'p'");
        try
        {
            Grants.Give(_schema.Name, role);
            await using var proxy = Proxy();
            await using var storage = Open(proxy, PostgresServer.ConnectionString + $";Username={role};Password=p");
            var request = await LoseAnswerAsync(proxy, storage, out var append);
            PostgresServer.Run($"ALTER ROLE {role} CONNECTION LIMIT 0");
            proxy.Refuse(false);
            await ExpectUnknownAsync(append());

            PostgresServer.Run($"ALTER ROLE {role} CONNECTION LIMIT -1");
            await ExpectStoredOnceAsync(storage, request);
        }
        finally
        {
            PostgresServer.Run($"DROP OWNED BY {role}; DROP ROLE {role}");
        }
    }

    [Fact]
    public async Task Append_whose_answer_is_lost_to_a_server_that_refuses_the_next_connection_is_unknown()
    {
        PostgresServer.Run($"CREATE DATABASE {_name}");
        await using var proxy = Proxy();
        await using var storage = Open(proxy, PostgresServer.ConnectionString + $";Database={_name}");
        var request = await LoseAnswerAsync(proxy, storage, out var append);
        PostgresServer.Run($"ALTER DATABASE {_name} ALLOW_CONNECTIONS false");
        proxy.Refuse(false);
        await ExpectUnknownAsync(append());

        PostgresServer.Run($"ALTER DATABASE {_name} ALLOW_CONNECTIONS true");
        await ExpectStoredOnceAsync(storage, request);
    }

    /// <summary>An address leads to a standby for a while before that is promoted, or before the address has moved.</summary>
    [OwnServerFact]
    public async Task Append_whose_answer_is_lost_and_whose_way_leads_to_a_standby_waits_for_the_primary()
    {
        await using var proxy = new TcpProxy(_pair.Primary.Port);
        await using var storage = Open(proxy, _pair.Primary.ConnectionString(), TimeSpan.FromSeconds(30));
        await PrepareAsync(storage);
        await using (var replica = new PostgresEventStorage(_pair.Replica.ConnectionString(),
            OneSchema.OptionsFor(_schema.Name) with { ReadOnly = true })) await UntilAsync(async () => await HeadAsync(replica) == 2);
        var cut = proxy.CutBefore(FirstOfAnswer);
        proxy.LeadTo(_pair.Replica.Port);
        var append = storage.AppendAsync(Some.Append("s", 2)).AsTask();
        await cut;
        var before = proxy.Accepted;
        await UntilAsync(() => Task.FromResult(append.IsCompleted || proxy.Accepted >= before + 2));
        append.IsCompleted.Should().BeFalse("the way may lead to the primary again");

        proxy.LeadTo(_pair.Primary.Port);

        var result = await append.WaitAsync(Never);
        (result.Version, result.WasAlreadyStored).Should().Be((3, false));
        (await Some.ExpectRegularAsync(storage)).Should().HaveCount(3);
    }

    private static TcpProxy Proxy() => new(new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString).Port);

    private PostgresEventStorage Open(TcpProxy proxy, string connectionString, TimeSpan? busyTimeout = null) => new(
        proxy.ConnectionString(connectionString),
        OneSchema.OptionsFor(_schema.Name) with { BusyTimeout = busyTimeout ?? TimeSpan.FromSeconds(3) });

    /// <summary>Appends until the statements are prepared that the next append needs, so that it is one message and one answer.</summary>
    private static async Task PrepareAsync(PostgresEventStorage storage)
    {
        for (var version = 0; version < 2; version++) await storage.AppendAsync(Some.Append("s", version));
    }

    /// <summary>Begins an append whose connection is cut when the server has committed it; no other one is let through then.</summary>
    private static Task<AppendRequest> LoseAnswerAsync(TcpProxy proxy, PostgresEventStorage storage, out Func<Task<AppendResult>> append)
    {
        Task<AppendResult>? running = null;
        append = () => running!;
        return BeginAsync();

        async Task<AppendRequest> BeginAsync()
        {
            await PrepareAsync(storage);
            var request = Some.Append("s", 2);
            var cut = proxy.CutBefore(FirstOfAnswer);
            proxy.Refuse(true);
            running = storage.AppendAsync(request).AsTask();
            await cut.WaitAsync(Never);
            return request;
        }
    }

    private static async Task ExpectUnknownAsync(Task append)
    {
        var failed = await FluentActions.Awaiting(() => append.WaitAsync(Never)).Should().ThrowAsync<StorageFailedException>();
        failed.Which.OutcomeIsUnknown.Should().BeTrue();
        failed.Which.Message.Should().NotContain("Nothing was written");
    }

    private static async Task ExpectStoredOnceAsync(PostgresEventStorage storage, AppendRequest request)
    {
        var repeated = await storage.AppendAsync(request);
        (repeated.Version, repeated.WasAlreadyStored).Should().Be((3, true), "the server had committed it");
        (await Some.ExpectRegularAsync(storage)).Should().HaveCount(3);
    }

    private static async Task<long> HeadAsync(PostgresEventStorage replica)
    {
        try
        {
            return await replica.GetHeadAsync();
        }
        catch (EventSourcingException)
        {
            return 0; // it has not followed yet
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = new CancellationTokenSource(Never);
        while (!await isSo()) await Task.Delay(5, patience.Token);
    }
}
