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
        : base(
            $"'{projection}' failed on the event at position {e.Position} of stream '{e.Stream}' ({e.Type}): "
            + $"{Names.Sentence(failure.Message)} Nothing of that event was applied. {whatToDo}",
            failure)
    {
        Projection = projection;
        Stream = e.Stream;
        Position = e.Position;
    }

    internal static ProjectionFailedException Final(string projection, FeedEvent e, Exception failure) =>
        new(projection, e, failure) { IsFinal = true };

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
}
