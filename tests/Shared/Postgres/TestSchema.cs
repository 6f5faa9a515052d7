namespace EventSourcing.Tests.Postgres;

/// <summary>A schema's name that nobody else has. The schema is dropped with this, if anybody has made it.</summary>
internal sealed class TestSchema : IDisposable
{
    /// <summary>After so many schemas, the catalogs of the server are cleaned: they hold all that was dropped, and grow slow.</summary>
    private const int SchemasBetweenCleanings = 50;

    private static int _dropped;

    /// <summary>Its name.</summary>
    public string Name { get; } = "es_" + Guid.NewGuid().ToString("N")[..16];

    public void Dispose()
    {
        PostgresServer.Run($"""
            SET lock_timeout = '20s';
            SET client_min_messages = error;
            DROP SCHEMA IF EXISTS "{Name}" CASCADE;
            RESET ALL
            """);
        if (Interlocked.Increment(ref _dropped) % SchemasBetweenCleanings == 0)
        {
            PostgresServer.Run(
                "VACUUM pg_class, pg_attribute, pg_attrdef, pg_constraint, pg_depend, pg_shdepend, pg_index, pg_inherits, pg_namespace, " +
                "pg_proc, pg_rewrite, pg_sequence, pg_trigger, pg_type, pg_description, pg_statistic");
        }
    }
}
