namespace EventSourcing;

/// <summary>
/// A stored event could not be read into its type: the bytes are not JSON, or not of the type's shape, or an upcaster failed on
/// it.
/// </summary>
public sealed class EventSerializationException : EventSourcingException
{
    internal EventSerializationException(string type, string stream, long version, long position, string why, Exception? innerException)
        : base(
            $"The event '{type}' at version {version} of stream '{stream}' (position {position}) could not be read: "
            + $"{Names.Sentence(why)} The event is unchanged in the log; make it readable again: a default for what may be missing, "
            + "an upcaster for what has another shape by now.",
            innerException)
    {
        Type = type;
        Stream = stream;
        Version = version;
        Position = position;
    }

    /// <summary>The stored name of the event's type.</summary>
    public string Type { get; }

    /// <summary>The event's stream.</summary>
    public string Stream { get; }

    /// <summary>The event's version.</summary>
    public long Version { get; }

    /// <summary>The event's position.</summary>
    public long Position { get; }
}
