using EventSourcing.Tests.Postgres;

// Most tests wait for the server or for a lease, so more of them run at once than there are processors.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]

namespace EventSourcing.PostgreSql.Tests;

public sealed class PresenceTests
{
    [Xunit.Fact]
    public void PostgreSql_is_tested_or_said_not_to_be()
    {
        if (PostgresServer.Obstacle is not { } obstacle) return;
        PostgresServer.IsRequired.Should()
            .BeFalse("{0}; CI or EVENTSOURCING_REQUIRE_POSTGRES say that PostgreSQL must be tested", obstacle);
        Console.WriteLine($"EventSourcing.PostgreSql is NOT tested: {obstacle}.");
    }
}
