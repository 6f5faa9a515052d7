using EventSourcing.Testing;
using EventSourcing.Tests;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>The contract of every storage, on a new schema for each store.</summary>
public sealed class ConformanceTests : IEventStorageFixture, IDisposable
{
    private readonly List<OneSchema> _schemas = [];

    [Theory]
    [MemberData(nameof(ContractCase.All), MemberType = typeof(ContractCase))]
    public Task Keep_the_contract(ContractCase contractCase) => contractCase.RunAsync(this);

    [Fact]
    public void Run_random_operations_agrees_with_the_model() => StorageModel.Check(() => Create(new EventStorageOptions()), sequences: 40, operations: 40);

    public ValueTask<IEventStorage> CreateAsync(EventStorageOptions options, CancellationToken cancellationToken) => ValueTask.FromResult<IEventStorage>(Create(options));

    public void Dispose()
    {
        foreach (var schema in _schemas) schema.Dispose();
    }

    private PostgresEventStorage Create(EventStorageOptions options)
    {
        var schema = new OneSchema();
        lock (_schemas) _schemas.Add(schema);
        return schema.Open(own => own with { TimeProvider = options.TimeProvider, Limits = options.Limits });
    }
}
