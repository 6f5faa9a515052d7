using EventSourcing.Tests.Concurrency;
using Xunit.Abstractions;

namespace EventSourcing.PostgreSql.Tests.Concurrency;

public sealed class PostgresLinearizabilityTests(ITestOutputHelper output) : LinearizabilityTests(output), IDisposable
{
    private readonly List<OneSchema> _schemas = [];

    protected override int UsualHistories => 40;

    [Fact]
    public Task Race_on_two_handles_of_one_schema_is_linearizable() => CheckAsync(
        () =>
        {
            var schema = NextSchema();
            return [schema.Open(), schema.Open()];
        },
        Effort.Histories(12));

    public void Dispose()
    {
        foreach (var schema in _schemas) schema.Dispose();
    }

    protected override IEventStorage Open() => NextSchema().Open();

    private OneSchema NextSchema()
    {
        var schema = new OneSchema();
        lock (_schemas) _schemas.Add(schema);
        return schema;
    }
}
