namespace EventSourcing;

/// <summary>
/// An event's payload was erased, and the code that handles events of its type does not say what an erased one means. Nothing
/// was skipped: the fold stopped there.
/// </summary>
public sealed class ErasedEventException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="erased">The event.</param>
    /// <param name="handler">The type that handles such events.</param>
    public ErasedEventException(ErasedEvent erased, Type handler)
        : base(
            $"The payload of the event '{erased?.Type}' at version {erased?.Version} of stream '{erased?.Stream}' (position "
            + $"{erased?.Position}) was erased, and {handler?.Name} handles such events without saying what an erased one means. "
            + $"Give it a handler for {nameof(ErasedEvent)}: Apply or React with one, or On<{nameof(ErasedEvent)}>(…); "
            + "an empty one if nothing is to change.")
    {
        ArgumentNullException.ThrowIfNull(erased);
        ArgumentNullException.ThrowIfNull(handler);
        Type = erased.Type;
        Stream = erased.Stream;
        Version = erased.Version;
        Position = erased.Position;
        Handler = handler;
    }

    /// <summary>The stored name of the event's type.</summary>
    public string Type { get; }

    /// <summary>The event's stream.</summary>
    public string Stream { get; }

    /// <summary>The event's version.</summary>
    public long Version { get; }

    /// <summary>The event's position.</summary>
    public long Position { get; }

    /// <summary>The aggregate, state, projection or reactor.</summary>
    public Type Handler { get; }
}
