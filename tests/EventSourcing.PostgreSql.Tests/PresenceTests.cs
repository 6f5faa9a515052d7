using EventSourcing.Tests.Postgres;

namespace EventSourcing.PostgreSql.Tests;

public sealed class PresenceTests
{
    [Xunit.Fact]
    public void PostgreSql_is_tested_or_said_not_to_be()
    {
        if (PostgresServer.Obstacle is not { } obstacle) return;
        PostgresServer.IsRequired.Should().BeFalse("{0}; CI or EVENTSOURCING_REQUIRE_POSTGRES say that PostgreSQL must be tested", obstacle);
        Console.WriteLine($"EventSourcing.PostgreSql is NOT tested: {obstacle}.");
    }
}
