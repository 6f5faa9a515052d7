namespace EventSourcing;

/// <summary>One shape in which events may be stored: a name and a version, and what such events become when they are read.</summary>
internal sealed class StoredShape(string name, int version, EventType? type, Upcaster? step)
{
    /// <summary>The name without version.</summary>
    public string Name => name;

    public int Version => version;

    /// <summary>The type with this shape, or null if there is none any more.</summary>
    public EventType? Type => type;

    /// <summary>The upcaster that turns it into the next shape; null for a current shape.</summary>
    public Upcaster? Step => step;

    /// <summary>The shape that the step returns, unless it returns finished events.</summary>
    public StoredShape? Next { get; set; }

    /// <summary>The current types that events of this shape may become.</summary>
    public EventType[] Results { get; set; } = [];
}
