namespace EventSourcing.Tests.Upcasting;

/// <summary>What is read, as text: a document by stream.</summary>
public sealed class Seen
{
    public List<string> Events { get; init; } = [];

    public static string Text(RecordedEvent e) => $"{e.Position}.{e.SubIndex} v{e.Version} {e.Type} {e.Data}";
}

/// <summary>Keeps all that it sees, by stream.</summary>
internal sealed class SeenByStream : Projection<Seen>
{
    public SeenByStream(string name)
    {
        Name = name;
        OnAny(e => [e.Stream], Add);
    }

    public override string Name { get; }

    internal static Seen Add(Seen? seen, string stream, RecordedEvent e)
    {
        seen ??= new Seen();
        seen.Events.Add(Seen.Text(e));
        return seen;
    }
}

/// <summary>Keeps the events of some types, by stream.</summary>
internal sealed class SeenPayments : Projection<Seen>
{
    public SeenPayments(string name)
    {
        Name = name;
        On<Paid>((_, e) => [e.Stream], (seen, key, _, e) => SeenByStream.Add(seen, key, e));
        On<PhoneChanged>((_, e) => [e.Stream], (seen, key, _, e) => SeenByStream.Add(seen, key, e));
    }

    public override string Name { get; }
}

/// <summary>An aggregate that is the list of its events.</summary>
[AggregateCategory("wallet")]
internal sealed class WalletAggregate : Aggregate
{
    public List<object> Applied { get; } = [];

    public void Pay(decimal amount) => Raise(new Paid(amount, "EUR", 0));

    protected override void Apply(object @event) => Applied.Add(@event);
}
