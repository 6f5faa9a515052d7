using EventSourcing.Testing;
using EventSourcing.Tests;
using EventSourcing.Tests.Postgres;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>The contract of every storage, on a new schema for each store.</summary>
public sealed class ConformanceTests : IEventStorageFixture, IDisposable
{
    private readonly SchemaPerStore _schemas = new();

    [Theory]
    [MemberData(nameof(ContractCase.AllOrSample), MemberType = typeof(ContractCase))]
    public Task Keep_the_contract(ContractCase contractCase) => contractCase.RunAsync(this);

    [Fact]
    public void Run_random_operations_agrees_with_the_model() =>
        StorageModel.Check(() => Create(new EventStorageOptions()), sequences: 40, operations: 40);

    public ValueTask<IEventStorage> CreateAsync(EventStorageOptions options, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IEventStorage>(Create(options));

    public ValueTask<IEventStorage?> OpenReadOnlyAsync(IEventStorage storage, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IEventStorage?>(new PostgresEventStorage(
            PostgresServer.DataSource,
            OneSchema.OptionsFor(((PostgresEventStorage)storage).Schema) with
            {
                TimeProvider = storage.Options.TimeProvider,
                Limits = storage.Options.Limits,
                ReadOnly = true,
            }));

    public void Dispose() => _schemas.Dispose();

    private PostgresEventStorage Create(EventStorageOptions options) =>
        _schemas.Next().Open(own => own with { TimeProvider = options.TimeProvider, Limits = options.Limits });
}
