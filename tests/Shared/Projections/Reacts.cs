namespace EventSourcing.Tests.Projections;

/// <summary>Reacts to every tallied event by what a test gives it.</summary>
internal sealed class Reacts : Reactor
{
    public Reacts(Func<Delivery, CancellationToken, Task> react) => On<Tallied>((_, delivery, token) => react(delivery, token));

    public override string Name => "reacts";

    public override StartFrom Start => StartFrom.Beginning;
}
