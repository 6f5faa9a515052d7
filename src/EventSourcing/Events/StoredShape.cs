namespace EventSourcing;

/// <summary>One shape in which events may be stored: a name and a version; and what is made of those on reading.</summary>
internal sealed class StoredShape(string name, int version, EventType? type, Upcaster? step)
{
    /// <summary>The name without version.</summary>
    public string Name => name;

    public int Version => version;

    /// <summary>The type that is of this shape, or null where there is none any more.</summary>
    public EventType? Type => type;

    /// <summary>What turns it into the next shape; null for a shape of today.</summary>
    public Upcaster? Step => step;

    /// <summary>What the step gives, where that is not finished events.</summary>
    public StoredShape? Next { get; set; }

    /// <summary>The types of today that events of this shape may become.</summary>
    public EventType[] Results { get; set; } = [];
}
