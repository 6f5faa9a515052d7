namespace EventSourcing;

/// <summary>
/// The event waited for is not in the read model, since its stream or document is parked there. The event is stored, and waits in order
/// until the failing event is resumed or skipped.
/// </summary>
public sealed class ProjectionParkedException : EventSourcingException
{
    internal ProjectionParkedException(ParkedEvents parked, long position)
        : base(
            $"The event at position {position} is not in the read model of '{parked.Projection}': "
            + $"{(parked.Kind == ParkedKind.Stream ? "its stream" : "its document")} '{Names.Printable(parked.Partition)}' is parked since "
            + $"the event at position {parked.Position}, which failed {parked.Attempts} times: "
            + $"{Names.Sentence(parked.Error)} It is stored. "
            + "Mend the cause and resume what is parked, or skip the event that fails.")
    {
        Parked = parked;
        Position = position;
    }

    /// <summary>What is parked.</summary>
    public ParkedEvents Parked { get; }

    /// <summary>The position waited for.</summary>
    public long Position { get; }
}
