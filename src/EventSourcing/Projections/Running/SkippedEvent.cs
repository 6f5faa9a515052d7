namespace EventSourcing;

/// <summary>An event that was left out by an order.</summary>
/// <param name="Projection">The projection or reactor.</param>
/// <param name="Kind">Whether it was left out of a stream or of a document.</param>
/// <param name="Partition">The stream's name or the document's key.</param>
/// <param name="Position">Its position.</param>
/// <param name="Error">What it had failed with.</param>
/// <param name="By">Who gave the order.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">When.</param>
public sealed record SkippedEvent(
    string Projection, ParkedKind Kind, string Partition, long Position, string Error, string By, string Reason, DateTimeOffset At);
