namespace EventSourcing;

/// <summary>
/// Stands in for an event whose payload was erased: it is still known that it happened, when, and in which stream; its data is
/// not. It is not passed to upcasters.
/// </summary>
/// <remarks>
/// <para>Code that handles an event must also say what an erased one means: an aggregate or state by <c>Apply(ErasedEvent
/// e)</c>, a projection or reactor by <c>On&lt;ErasedEvent&gt;</c> or a method for it. If it does not, an erased event of a
/// handled type causes an <see cref="ErasedEventException"/>. Erased events of other types are skipped, like all events that
/// are not handled. The type is not listed in <see cref="EventTypes"/>.</para>
/// <para>A switch written by hand (<see cref="Aggregate.Apply"/>, the functions of a decider) gets it like any other event and
/// decides what to do.</para>
/// </remarks>
/// <param name="Type">The stored name of the event's type.</param>
/// <param name="Stream">The event's stream.</param>
/// <param name="Version">The event's version.</param>
/// <param name="Position">The event's position.</param>
public sealed record ErasedEvent(string Type, string Stream, long Version, long Position)
{
    /// <summary>The current types that events of its name may become; null if no store has read it.</summary>
    internal IReadOnlyList<EventType>? Results { private get; init; }

    /// <summary>
    /// Whether it may have been an event of one of these types, as they are read now, or of a type derived from them. For a
    /// handler: whether it would have been handled.
    /// </summary>
    /// <param name="types">The types.</param>
    /// <returns>
    /// Whether it may have been; <see langword="true"/> for one that no store has read, because nothing is known about it.
    /// </returns>
    public bool MayHaveBeen(params Type[] types)
    {
        ArgumentNullException.ThrowIfNull(types);
        return Results is null || Results.Any(result => Array.Exists(types, type => type.IsAssignableFrom(result.ClrType)));
    }

    /// <inheritdoc/>
    public bool Equals(ErasedEvent? other) =>
        other is not null && Type == other.Type && Stream == other.Stream && Version == other.Version && Position == other.Position;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type, Stream, Version, Position);
}
