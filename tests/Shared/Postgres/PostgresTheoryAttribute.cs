namespace EventSourcing.Tests.Postgres;

/// <summary>A theory that needs PostgreSQL. Where there is none it is skipped by name.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresTheoryAttribute : Xunit.TheoryAttribute
{
    public PostgresTheoryAttribute() => Skip = PostgresServer.Obstacle;
}
