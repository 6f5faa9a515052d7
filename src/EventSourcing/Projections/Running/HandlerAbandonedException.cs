namespace EventSourcing;

/// <summary>
/// A projection or reactor was stopped, and one of its handlers did not return within <see cref="ProjectionOptions.StopTimeout"/>: it was
/// given up. Nothing that the handler still returns is stored.
/// </summary>
public sealed class HandlerAbandonedException : EventSourcingException
{
    internal HandlerAbandonedException(TimeSpan timeout, IReadOnlyList<AbandonedHandler> handlers)
        : base($"'{handlers[0].Name}' did not stop within {timeout}: it has been at the event at position {handlers[0].Position} since "
            + $"{handlers[0].Since:O}"
            + (handlers.Count > 1 ? $", and {handlers.Count - 1} more handlers have not returned" : "")
            + ". It was given up: what it still returns is not stored, and its events are handled again at the next start. "
            + "Let handlers end when their cancellation token is cancelled, or raise ProjectionOptions.StopTimeout.")
    {
        Handlers = handlers;
    }

    /// <summary>The handlers of this projection or reactor that had not returned.</summary>
    public IReadOnlyList<AbandonedHandler> Handlers { get; }
}
