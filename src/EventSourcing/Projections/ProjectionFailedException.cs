namespace EventSourcing;

/// <summary>
/// A projection's or reactor's code failed on an event, or the event cannot be read. Nothing of that event was applied.
/// </summary>
public sealed class ProjectionFailedException : EventSourcingException
{
    internal ProjectionFailedException(string projection, FeedEvent e, Exception failure)
        : this(projection, e, failure, "Mend the cause; then start it again, or resume what is parked.")
    {
    }

    private ProjectionFailedException(string projection, FeedEvent e, Exception failure, string whatToDo)
        : this(projection, e.Stream, e.Position, e.Type, failure, whatToDo)
    {
    }

    private ProjectionFailedException(string projection, string stream, long position, string type, Exception failure, string whatToDo)
        : base(
            $"'{projection}' failed on the event at position {position} of stream '{stream}' ({type}): "
            + $"{Names.Sentence(Names.MessageOf(failure))} Nothing of that event was applied. {whatToDo}",
            failure)
    {
        Projection = projection;
        Stream = stream;
        Position = position;
        EventType = type;
    }

    internal static ProjectionFailedException Final(string projection, FeedEvent e, Exception failure) =>
        new(projection, e, failure) { IsFinal = true };

    /// <summary>The same failure, of an inline projection: that is neither stopped nor parked, but the append is refused.</summary>
    internal ProjectionFailedException AsOfAppend() => new(
        Projection,
        Stream,
        Position,
        EventType,
        InnerException!,
        "The append was refused: none of its events is stored. Mend the cause; then repeat the append.");

    internal static ProjectionFailedException TooManyParked(string projection, FeedEvent e, Exception failure, int limit) =>
        new(
            projection,
            e,
            failure,
            $"As {limit} streams or documents are parked (ProjectionOptions.MaxParked), '{projection}' stops: it seems to be broken, "
            + "not they. Mend the cause and start it again.") { IsFinal = true };

    /// <summary>Whether it stops the projection, and must no longer be retried or parked.</summary>
    internal bool IsFinal { get; private init; }

    /// <summary>The name of the projection or reactor.</summary>
    public string Projection { get; }

    /// <summary>The stream of the event it failed on.</summary>
    public string Stream { get; }

    /// <summary>The position of that event.</summary>
    public long Position { get; }

    /// <summary>The stored name of that event's type.</summary>
    public string EventType { get; }
}
