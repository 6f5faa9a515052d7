namespace EventSourcing.PostgreSql.Tests;

/// <summary>Schemas for a test that needs many stores; all are dropped with it.</summary>
internal sealed class SchemaPerStore : IDisposable
{
    private readonly List<OneSchema> _schemas = [];

    public OneSchema Next()
    {
        var schema = new OneSchema();
        lock (_schemas) _schemas.Add(schema);
        return schema;
    }

    public void Dispose()
    {
        foreach (var schema in _schemas) schema.Dispose();
    }
}
