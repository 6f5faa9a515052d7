namespace EventSourcing;

/// <summary>How to read a stream. Immutable; by default all of it, oldest first.</summary>
public sealed record StreamReadOptions
{
    /// <summary>Only events after this version, also when reading backwards; 0 for all.</summary>
    public long After { get; init; }

    /// <summary>Only what had been recorded at this point; with <see cref="ReadDirection.Backwards"/>, the point to begin at.</summary>
    public AsOf AsOf { get; init; }

    /// <summary>Oldest or newest first.</summary>
    public ReadDirection Direction { get; init; }

    /// <summary>
    /// The most stored events to read, 1 or more; by default without limit. A stored event counts once, even if an <see cref="Upcaster"/>
    /// makes several events of it, or none.
    /// </summary>
    public long Limit { get; init; } = long.MaxValue;

    /// <summary>What to do with event names that the store's types do not list: by default an error.</summary>
    public UnknownEvents UnknownEvents { get; init; }
}

/// <summary>How to read the log. Immutable; by default all of it, oldest first.</summary>
public sealed record LogReadOptions
{
    /// <summary>Only events after this position, also when reading backwards; 0 for all.</summary>
    public long After { get; init; }

    /// <summary>
    /// Only what had been recorded at this point, a position or an instant; with <see cref="ReadDirection.Backwards"/>,
    /// the point to begin at.
    /// </summary>
    public AsOf AsOf { get; init; }

    /// <summary>
    /// Only events that match, filtered by the storage. Types are given by their current names; events of all their versions and aliases
    /// are found.
    /// </summary>
    public EventQuery Filter { get; init; } = EventQuery.All;

    /// <summary>Oldest or newest first.</summary>
    public ReadDirection Direction { get; init; }

    /// <summary>
    /// The most stored events to read, 1 or more; by default without limit. A stored event counts once, even if an <see cref="Upcaster"/>
    /// makes several events of it, or none.
    /// </summary>
    public long Limit { get; init; } = long.MaxValue;

    /// <summary>What to do with event names that the store's types do not list: by default an error.</summary>
    public UnknownEvents UnknownEvents { get; init; }
}

/// <summary>What a read does with stored event names that the store's <see cref="EventTypes"/> do not list.</summary>
public enum UnknownEvents
{
    /// <summary>Throw <see cref="UnknownEventTypeException"/>: nothing is skipped silently.</summary>
    Throw,

    /// <summary>Return them with an <see cref="UnknownEvent"/> as their data.</summary>
    AsRaw,
}
