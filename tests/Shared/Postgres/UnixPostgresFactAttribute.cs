namespace EventSourcing.Tests.Postgres;

/// <summary>A test that needs PostgreSQL and suspends or kills processes by signals. Where it cannot, it is skipped by name.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UnixPostgresFactAttribute : Xunit.FactAttribute
{
    public UnixPostgresFactAttribute() => Skip = PostgresServer.Obstacle
        ?? (OperatingSystem.IsWindows() ? "Windows has no signals that suspend a process" : null);
}
