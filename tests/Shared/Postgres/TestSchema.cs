namespace EventSourcing.Tests.Postgres;

/// <summary>A schema's name that nobody else has. The schema is dropped with this, if anybody has made it.</summary>
internal sealed class TestSchema : IDisposable
{
    /// <summary>Its name.</summary>
    public string Name { get; } = "es_" + Guid.NewGuid().ToString("N")[..16];

    public void Dispose() => PostgresServer.Run($"""
        SET lock_timeout = '20s';
        SET client_min_messages = error;
        DROP SCHEMA IF EXISTS "{Name}" CASCADE;
        RESET ALL
        """);
}
