namespace EventSourcing.CodeGeneration;

/// <summary>The events of an assembly, and how events of old shapes become current ones.</summary>
public interface IEventTypeList
{
    /// <summary>The events.</summary>
    IEnumerable<EventType> Types { get; }

    /// <summary>The upcasters.</summary>
    IEnumerable<Upcaster> Upcasters { get; }
}
