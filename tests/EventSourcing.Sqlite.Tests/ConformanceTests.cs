using EventSourcing.Testing;
using EventSourcing.Tests;

namespace EventSourcing.Sqlite.Tests;

/// <summary>The contract of every storage, on a new file for each store.</summary>
public sealed class ConformanceTests : IEventStorageFixture, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _stores;

    [Theory]
    [MemberData(nameof(ContractCase.All), MemberType = typeof(ContractCase))]
    public Task Keep_the_contract(ContractCase contractCase) => contractCase.RunAsync(this);

    [Fact]
    public void Run_random_operations_agrees_with_the_model() => StorageModel.Check(() => Create(new EventStorageOptions()), sequences: 40, operations: 40);

    public ValueTask<IEventStorage> CreateAsync(EventStorageOptions options, CancellationToken cancellationToken) => ValueTask.FromResult<IEventStorage>(Create(options));

    public ValueTask<IEventStorage?> OpenReadOnlyAsync(IEventStorage storage, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IEventStorage?>(new SqliteEventStorage(
            ((SqliteEventStorage)storage).Path,
            new SqliteEventStorageOptions { TimeProvider = storage.Options.TimeProvider, Limits = storage.Options.Limits, ReadOnly = true }));

    public void Dispose() => _folder.Dispose();

    private SqliteEventStorage Create(EventStorageOptions options) => new(
        _folder.FileNamed($"{Interlocked.Increment(ref _stores)}.db"),
        new SqliteEventStorageOptions { TimeProvider = options.TimeProvider, Limits = options.Limits });
}
