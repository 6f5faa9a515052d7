namespace EventSourcing.Tests.Postgres;

/// <summary>A test that needs PostgreSQL. Where there is none it is skipped by name.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresFactAttribute : Xunit.FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresServer.Obstacle;
}
