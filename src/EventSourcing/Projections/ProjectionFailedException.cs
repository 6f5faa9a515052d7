namespace EventSourcing;

/// <summary>
/// A projection's code failed on an event. The projection stopped before that event; its read model and checkpoint
/// are unchanged by it. Mend the cause and start it again: it goes on where it stopped.
/// </summary>
public sealed class ProjectionFailedException : EventSourcingException
{
    internal ProjectionFailedException(string projection, RecordedEvent e, Exception failure)
        : base($"The projection '{projection}' stopped at the event {e}: {failure.Message} Nothing of it was applied; mend the cause and start the projection again.", failure)
    {
        Projection = projection;
        Stream = e.Stream;
        Version = e.Version;
        Position = e.Position;
    }

    /// <summary>The projection's name.</summary>
    public string Projection { get; }

    /// <summary>The stream of the event it failed on.</summary>
    public string Stream { get; }

    /// <summary>The version of that event.</summary>
    public long Version { get; }

    /// <summary>The position of that event.</summary>
    public long Position { get; }
}
