using System.Diagnostics.CodeAnalysis;

namespace EventSourcing;

/// <summary>
/// Says which class lists the events of an assembly. The source generator writes both; they are how
/// <see cref="EventTypes.FromAssemblyOf"/> finds events without searching for them, also in trimmed and Native AOT apps.
/// </summary>
/// <param name="list">A class with a public parameterless constructor that implements <see cref="IEventTypeList"/>.</param>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class EventTypeListAttribute([DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] Type list) : Attribute
{
    /// <summary>The class.</summary>
    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)]
    public Type List { get; } = list;
}

/// <summary>The events of an assembly, and how those of old shapes become those of today.</summary>
public interface IEventTypeList
{
    /// <summary>The events.</summary>
    IEnumerable<EventType> Types { get; }

    /// <summary>The upcasters.</summary>
    IEnumerable<Upcaster> Upcasters { get; }
}
