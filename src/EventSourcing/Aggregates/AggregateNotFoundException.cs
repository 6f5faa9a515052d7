namespace EventSourcing;

/// <summary>An aggregate was to be loaded, but has no events, or had none at the point asked for.</summary>
public sealed class AggregateNotFoundException : EventSourcingException
{
    internal AggregateNotFoundException(Type aggregate, string stream, AsOf asOf)
        : base(
            $"There is no {aggregate.Name} in stream '{stream}': it has no events{(asOf == AsOf.Now ? "" : $" as of {asOf}")}. "
            + "Create it first, or use FindAsync or CreateOrUpdateAsync if it may be missing.")
    {
        Stream = stream;
        AsOf = asOf;
    }

    /// <summary>The stream without events.</summary>
    public string Stream { get; }

    /// <summary>The point it was to be loaded at.</summary>
    public AsOf AsOf { get; }
}
