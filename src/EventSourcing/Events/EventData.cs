namespace EventSourcing;

/// <summary>
/// An event about to be appended, with its id, metadata and tags. An API that takes events as objects also takes the payload
/// itself: wrap it only to give an id, metadata or tags.
/// </summary>
/// <param name="Payload">What happened: an instance of a type in the store's <see cref="EventTypes"/>.</param>
public sealed record EventData(object Payload)
{
    /// <summary>
    /// The event's id, unique in the store; by default a new UUIDv7. Appending the same ids again writes nothing and returns
    /// the original result, so give your own ids if an append may be repeated after a crash. Time-ordered ids keep large stores
    /// fast.
    /// </summary>
    public Guid? Id { get; init; }

    /// <summary>The event's metadata; by default that of the whole append.</summary>
    public EventMetadata? Metadata { get; init; }

    /// <summary>Tags to find the event by: a set, so order and repeats do not matter.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];
}
