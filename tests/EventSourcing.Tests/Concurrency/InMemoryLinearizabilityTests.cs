using Xunit.Abstractions;

namespace EventSourcing.Tests.Concurrency;

public sealed class InMemoryLinearizabilityTests(ITestOutputHelper output) : LinearizabilityTests(output)
{
    protected override int UsualHistories => 400;

    protected override IEventStorage Open() => new InMemoryEventStorage();
}
