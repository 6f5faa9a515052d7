using EventSourcing.Tests.Postgres;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>The fixture itself: a server of the tests, its replica, its crash and its end.</summary>
public sealed class ServerTests
{
    [Fact]
    public void Schema_of_a_test_is_dropped_with_it()
    {
        using var kept = new OneSchema();
        kept.Run("CREATE SCHEMA {es}");
        using (var schema = new OneSchema())
        {
            schema.Run("CREATE SCHEMA {es}; CREATE TABLE {es}.t (x int)");
            SchemasNamed(schema.Name, kept.Name).Should().Be(2);
            schema.Dispose();
            SchemasNamed(schema.Name, kept.Name).Should().Be(1);
        }
    }

    [OwnServerFact]
    public void Server_crashes_starts_again_and_has_a_replica_that_can_be_promoted()
    {
        using var primary = PostgresInstance.Start(PostgresServer.Binaries, isDurable: false);
        Run(primary, "CREATE TABLE t AS SELECT 1 AS x");
        primary.Stop("immediate");
        primary.Start();
        using var replica = PostgresInstance.StartReplica(primary, "one");
        Run(replica, "SELECT pg_is_in_recovery()").Should().Be(true);
        primary.Stop("immediate");
        replica.Promote();
        Run(replica, "INSERT INTO t VALUES (2); SELECT sum(x) FROM t").Should().Be(3L);
    }

    private static object? SchemasNamed(params string[] names) =>
        PostgresServer.Run($"SELECT count(*)::int FROM pg_namespace WHERE nspname IN ({string.Join(", ", names.Select(name => $"'{name}'"))})");

    private static object? Run(PostgresInstance server, string sql)
    {
        using var connection = new Npgsql.NpgsqlConnection(server.ConnectionString() + ";Pooling=false");
        connection.Open();
        using var command = new Npgsql.NpgsqlCommand(sql, connection);
        return command.ExecuteScalar();
    }
}
