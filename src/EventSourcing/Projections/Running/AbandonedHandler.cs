namespace EventSourcing.Operations;

/// <summary>
/// A handler that had not returned when its projection or reactor was given up at shutdown. Whatever it still returns is not stored; its
/// events are handled again at the next start.
/// </summary>
/// <param name="Name">The name of the projection or reactor.</param>
/// <param name="Position">
/// The position of the event being handled. If a projection folds many documents at once, it is the position of the first event of the
/// batch. If no handler was running, and the storage was what did not answer, it is the position that had been reached.
/// </param>
/// <param name="Since">When the handler was called, or when its batch was begun, by the storage's clock.</param>
public sealed record AbandonedHandler(string Name, long Position, DateTimeOffset Since);
