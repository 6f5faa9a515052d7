using EventSourcing.Tests.Concurrency;
using Xunit.Abstractions;

namespace EventSourcing.PostgreSql.Tests.Concurrency;

public sealed class PostgresLinearizabilityTests(ITestOutputHelper output) : LinearizabilityTests(output), IDisposable
{
    private readonly SchemaPerStore _schemas = new();

    protected override int UsualHistories => 30;

    [Fact]
    public Task Race_on_two_handles_of_one_schema_is_linearizable() => CheckAsync(
        () =>
        {
            var schema = _schemas.Next();
            return [schema.Open(), schema.Open()];
        },
        Effort.Histories(20));

    public void Dispose() => _schemas.Dispose();

    protected override IEventStorage Open() => _schemas.Next().Open();
}
