using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>The server cannot be reached for a while, as when it restarts.</summary>
public sealed class UnreachableTests : IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(60);
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Append_waits_for_the_server_with_a_condition_as_without(bool hasCondition)
    {
        await using var proxy = new TcpProxy(new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString).Port);
        await using var storage = new PostgresEventStorage(proxy.ConnectionString(PostgresServer.ConnectionString), OneSchema.OptionsFor(_schema.Name));
        await storage.AppendAsync(Some.Append("s", 0, Some.Event(tags: "taken")));
        proxy.Refuse(true);
        proxy.Cut();
        var before = proxy.Accepted;
        var append = storage.AppendAsync(Some.Append("s", 1) with { Conditions = hasCondition ? [new AppendCondition(EventQuery.WithTags("free"), 0)] : [] }).AsTask();
        var refused = hasCondition ? storage.AppendAsync(Some.Append("t", 0) with { Conditions = [new AppendCondition(EventQuery.WithTags("taken"), 0)] }).AsTask() : null;
        using (var patience = new CancellationTokenSource(Never))
        {
            while (!append.IsCompleted && proxy.Accepted < before + 8) await Task.Delay(5, patience.Token);
        }

        append.IsCompleted.Should().BeFalse();
        proxy.Refuse(false);

        (await append.WaitAsync(Never)).Version.Should().Be(2);
        if (refused is not null) await FluentActions.Awaiting(() => refused.WaitAsync(Never)).Should().ThrowAsync<AppendConditionFailedException>();
        (await Some.ExpectRegularAsync(storage)).Should().HaveCount(2);
    }

    [Fact]
    public async Task Query_after_the_connections_of_the_pool_are_gone_uses_another()
    {
        await using var proxy = new TcpProxy(new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString).Port);
        await using var storage = new PostgresEventStorage(proxy.ConnectionString(PostgresServer.ConnectionString), OneSchema.OptionsFor(_schema.Name));
        (await CountAsync(storage)).Should().Be(0);
        proxy.Cut();

        (await CountAsync(storage)).Should().Be(0);
    }

    private static async Task<long> CountAsync(PostgresEventStorage storage) => await storage.QueryAsync(async (connection, cancellationToken) =>
    {
        await using var command = new NpgsqlCommand("SELECT count(*) FROM events", connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    });
}
