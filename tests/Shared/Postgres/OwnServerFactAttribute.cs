namespace EventSourcing.Tests.Postgres;

/// <summary>A test that starts PostgreSQL servers of its own, to crash and promote them. Where it cannot, it is skipped by name.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OwnServerFactAttribute : Xunit.FactAttribute
{
    public OwnServerFactAttribute() => Skip = PostgresBinaries.Find(out var obstacle) is null
        ? $"no PostgreSQL to start: {obstacle}. Install it" : null;
}
