using EventSourcing.Testing;

namespace EventSourcing.Tests.Storage;

public class InMemoryEventStorageTests
{
    [Theory]
    [MemberData(nameof(ContractCase.All), MemberType = typeof(ContractCase))]
    public Task Keeps_the_contract(ContractCase @case) => @case.RunAsync(new InMemory());

    private sealed class InMemory : IEventStorageFixture
    {
        public ValueTask<IEventStorage> CreateAsync(EventStorageOptions options, CancellationToken cancellationToken) => ValueTask.FromResult<IEventStorage>(new InMemoryEventStorage(options));
    }
}
