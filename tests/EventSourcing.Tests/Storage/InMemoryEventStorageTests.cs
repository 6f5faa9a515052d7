using EventSourcing.Testing;

namespace EventSourcing.Tests.Storage;

public class InMemoryEventStorageTests
{
    [Theory]
    [MemberData(nameof(ContractCase.All), MemberType = typeof(ContractCase))]
    public Task Keeps_the_contract(ContractCase @case) => @case.RunAsync(new InMemory());

    [Fact]
    public void Run_random_operations_agrees_with_the_model() => StorageModel.Check(() => new InMemoryEventStorage(), sequences: 300, operations: 60);

    [Fact]
    public void Run_random_operations_on_a_storage_with_a_fault_disagrees_with_the_model()
    {
        FluentActions.Invoking(() => StorageModel.Check(() => new Testing.Faults.TakesAnyTagForAll(new EventStorageOptions()), sequences: 300, operations: 60)).Should().Throw<Exception>();
        FluentActions.Invoking(() => StorageModel.Check(() => new Testing.Faults.StoresTheNewPartOfAnOverlap(new EventStorageOptions()), sequences: 300, operations: 60)).Should().Throw<Exception>();
        FluentActions.Invoking(() => StorageModel.Check(() => new Testing.Faults.IgnoresUpToPosition(new EventStorageOptions()), sequences: 300, operations: 60)).Should().Throw<Exception>();
    }

    private sealed class InMemory : IEventStorageFixture
    {
        public ValueTask<IEventStorage> CreateAsync(EventStorageOptions options, CancellationToken cancellationToken) => ValueTask.FromResult<IEventStorage>(new InMemoryEventStorage(options));
    }
}
