using EventSourcing.Tests.Concurrency;
using EventSourcing.Tests.Postgres;
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

    /// <summary>The clock of the history is that of this process: a call is timed before it is sent, and after its answer has come.</summary>
    [Fact]
    public async Task Race_of_three_processes_is_linearizable()
    {
        var overlaps = 0;
        for (var seed = 0; seed < Effort.Histories(3); seed++)
        {
            using var schema = new OneSchema();
            await using var first = await RemoteStorage.StartAsync(PostgresServer.ConnectionString, schema.Name);
            await using var second = await RemoteStorage.StartAsync(PostgresServer.ConnectionString, schema.Name);
            await using var own = schema.Open();
            var history = await History.RecordAsync([own, first, second], seed);
            history.FindFault().Should().BeNull("of history {0}", seed);
            overlaps += history.Overlaps;
        }

        overlaps.Should().BePositive("histories without overlaps prove nothing");
    }

    public void Dispose() => _schemas.Dispose();

    protected override IEventStorage Open() => _schemas.Next().Open();
}
