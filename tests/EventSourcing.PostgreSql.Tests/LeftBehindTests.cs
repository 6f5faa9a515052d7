using EventSourcing.Tests.Postgres;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>SQL of the app, within an append, leaves something on the connection: the next append is not to meet it.</summary>
public sealed class LeftBehindTests : IDisposable
{
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    [Fact]
    public async Task Lock_of_the_session_is_given_back()
    {
        await using var storage = _schema.OpenByString();
        await AppendAsync(storage, "SELECT pg_advisory_lock(5, 4242)");

        (await storage.AppendAsync(Some.Append("s", 1))).Version.Should().Be(2);

        PostgresServer.Run("SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND classid = 5 AND objid = 4242").Should().Be(0);
    }

    [Fact]
    public async Task Statements_that_are_deallocated_are_prepared_anew()
    {
        await using var storage = _schema.OpenByString();
        await storage.AppendAsync(Some.Append("o", 0));
        await AppendAsync(storage, "DEALLOCATE ALL");

        (await storage.AppendAsync(Some.Append("s", 1))).Version.Should().Be(2);

        (await Some.ExpectRegularAsync(storage)).Should().HaveCount(3);
    }

    private static ValueTask<AppendResult> AppendAsync(PostgresEventStorage storage, string sql) =>
        storage.AppendAsync(Some.Append("s", 0) with
        {
            ReadModels = (_, _) => ValueTask.FromResult(new ReadModelCommit
            {
                Tables = async (connection, cancellationToken) =>
                {
                    await using var command = connection.CreateCommand();
                    command.CommandText = sql;
                    await command.ExecuteNonQueryAsync(cancellationToken);
                },
            }),
        });
}
