using System.Reflection;

namespace EventSourcing.Generators.Tests.Snapshots;

public class SnapshotsWithoutGeneratorTests
{
    [Fact]
    public void Use_an_aggregate_with_snapshots_that_no_generator_has_seen_says_what_to_do()
    {
        var run = GeneratorRun.Of("""
            [EventType("a")] public sealed record A;

            [Snapshots(2)]
            public sealed class Stateless : Aggregate
            {
                protected override void Apply(object e) { }
            }

            public static class Program
            {
                public static string Run() => new EventStore(new InMemoryEventStorage(), new EventTypes(EventType.Of<A>())).Aggregate<Stateless>("a").Stream;
            }
            """);

        FluentActions.Invoking(run.ExecuteWithoutGenerators).Should().Throw<TargetInvocationException>()
            .WithInnerException<InvalidOperationException>().WithMessage("*Stateless*partial*ISnapshotState*");
    }
}
