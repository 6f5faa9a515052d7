namespace EventSourcing.Generators.Tests.Snapshots;

/// <summary>A generic type can have members of ever new forms of itself. The compiler comes to an end all the same.</summary>
public class EndlessTypeTests
{
    private const string Node = "public sealed class Node<T> { public Node<List<T>>? A { get; init; } public Node<T[]>? B { get; init; } } [EventType(\"e\")] public sealed record E(Node<int> At); ";

    [Fact]
    public void Snapshot_of_a_state_that_is_nested_without_end_is_an_error()
    {
        var run = GeneratorRun.Of(Node + "[Snapshots(1)] public sealed partial class Thing : Aggregate { private Node<int>? _at; void Apply(E e) => _at = e.At; public bool Is => _at is null; }");
        var reported = run.Reported.Should().ContainSingle().Which;
        reported.Id.Should().Be("ES0009");
        reported.GetMessage(System.Globalization.CultureInfo.InvariantCulture).Should().Contain("it is nested without end");
    }

    [Fact]
    public void Fingerprint_of_a_state_that_is_nested_without_end_is_written() =>
        GeneratorRun.Of(Node + "public sealed partial record Thing(Node<int>? At = null) : IState<Thing> { Thing Apply(E e) => this with { At = e.At }; }").Complaints.Should().BeEmpty();
}
