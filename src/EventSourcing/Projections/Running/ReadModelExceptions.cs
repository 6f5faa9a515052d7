using System.Globalization;

namespace EventSourcing;

/// <summary>The event is stored, but the read model has not got to it in time. Nothing is lost: read later, or wait longer.</summary>
public sealed class ReadModelLateException : EventSourcingException
{
    internal ReadModelLateException(string projection, long position, long checkpoint, TimeSpan waited, string? state = null)
        : base(string.Create(CultureInfo.InvariantCulture, $"The read model of '{projection}' {state ?? string.Create(CultureInfo.InvariantCulture, $"is at position {checkpoint} and not at {position}")} after {waited.TotalSeconds:0.###} s. The event is stored and will be in it. Wait longer, or see in the projection's status what keeps it: the last error, or a rebuild of which something is parked."))
    {
        Projection = projection;
        Position = position;
        Checkpoint = checkpoint;
    }

    /// <summary>The projection.</summary>
    public string Projection { get; }

    /// <summary>The position waited for.</summary>
    public long Position { get; }

    /// <summary>The position that the read model has reached.</summary>
    public long Checkpoint { get; }
}

/// <summary>
/// The event waited for is not in the read model, since its stream or document is parked there. It is stored, and waits
/// in order until what failed is resumed or skipped.
/// </summary>
public sealed class ProjectionParkedException : EventSourcingException
{
    internal ProjectionParkedException(ParkedEvents parked, long position)
        : base($"The event at position {position} is not in the read model of '{parked.Projection}': {(parked.Kind == ParkedKind.Stream ? "its stream" : "its document")} '{Names.Printable(parked.Partition)}' is parked since the event at position {parked.Position}, which failed {parked.Attempts} times: {Names.Sentence(parked.Error)} It is stored. Mend the cause and resume what is parked, or skip the event that fails.")
    {
        Parked = parked;
        Position = position;
    }

    /// <summary>What is parked.</summary>
    public ParkedEvents Parked { get; }

    /// <summary>The position waited for.</summary>
    public long Position { get; }
}

/// <summary>
/// A read model was made from another log than the one beside it: an older copy was put back, events were changed or taken
/// away by other means, or it is another store's. The projection has stopped, or the append with it is refused; nothing was written.
/// </summary>
public sealed class ReadModelOfAnotherLogException : EventSourcingException
{
    internal ReadModelOfAnotherLogException(string projection, long checkpoint, string reason)
        : base($"The read model of '{projection}', at position {checkpoint}, was made from another log than this one: {reason}. It goes no further, and is as it was; nothing was written. Find out what became of the log (EventStore.Ledger.VerifyAsync); where it is the right one, rebuild the projection.")
    {
        Projection = projection;
        Checkpoint = checkpoint;
    }

    /// <summary>The projection.</summary>
    public string Projection { get; }

    /// <summary>The position up to which events are in the read model.</summary>
    public long Checkpoint { get; }
}
