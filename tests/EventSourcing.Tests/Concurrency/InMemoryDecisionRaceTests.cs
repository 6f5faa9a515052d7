using Xunit.Abstractions;

namespace EventSourcing.Tests.Concurrency;

public sealed class InMemoryDecisionRaceTests(ITestOutputHelper output) : DecisionRaceTests(output)
{
    protected override int UsualRounds => 20;

    protected override int Workers => 40;

    protected override IEventStorage Open() => new InMemoryEventStorage();
}
