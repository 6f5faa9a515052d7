namespace EventSourcing;

/// <summary>A stream or document of which events are held back, because one of them keeps failing.</summary>
/// <param name="Id">Its id, to resume or skip by.</param>
/// <param name="Projection">The projection or reactor.</param>
/// <param name="Kind">Whether a stream or a document is held back.</param>
/// <param name="Partition">The stream's name or the document's key.</param>
/// <param name="Stream">The stream of the event that fails.</param>
/// <param name="Position">The position of the event that fails.</param>
/// <param name="EventType">The stored name of its type.</param>
/// <param name="Error">What it failed with.</param>
/// <param name="ErrorType">The type of that error.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="ParkedAt">When it failed first.</param>
/// <param name="RetryAt">When it is tried again by itself, or <see langword="null"/> if it waits for an order.</param>
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
