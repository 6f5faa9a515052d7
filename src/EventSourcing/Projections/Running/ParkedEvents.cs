namespace EventSourcing.Operations;

/// <summary>A stream or document whose events are held back, because one of them keeps failing.</summary>
/// <param name="Id">Its id, for resuming and skipping.</param>
/// <param name="Projection">The projection or reactor.</param>
/// <param name="Kind">Whether a stream or a document is held back.</param>
/// <param name="Partition">The stream's name or the document's key.</param>
/// <param name="Stream">The stream of the event that fails.</param>
/// <param name="Position">The position of the event that fails.</param>
/// <param name="EventType">The stored name of its type.</param>
/// <param name="Error">What it failed with.</param>
/// <param name="ErrorType">The type of that error.</param>
/// <param name="Attempts">How often the event was tried.</param>
/// <param name="ParkedAt">When the event first failed.</param>
/// <param name="RetryAt">When the event is tried again without an order, or <see langword="null"/> if it waits for an order.</param>
public sealed record ParkedEvents(
    string Id,
    string Projection,
    ParkedKind Kind,
    string Partition,
    string Stream,
    long Position,
    string EventType,
    string Error,
    string ErrorType,
    int Attempts,
    DateTimeOffset ParkedAt,
    DateTimeOffset? RetryAt);
