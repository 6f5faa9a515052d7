namespace EventSourcing.Operations;

/// <summary>An event that was left out by an order.</summary>
/// <param name="Projection">The projection or reactor.</param>
/// <param name="Kind">Whether it was left out of a stream or of a document.</param>
/// <param name="Partition">The stream's name or the document's key.</param>
/// <param name="Position">The event's position.</param>
/// <param name="Error">What the event had failed with.</param>
/// <param name="By">The person who gave the order.</param>
/// <param name="Reason">The reason.</param>
/// <param name="At">When the order was given.</param>
public sealed record SkippedEvent(
    string Projection, ParkedKind Kind, string Partition, long Position, string Error, string By, string Reason, DateTimeOffset At);
