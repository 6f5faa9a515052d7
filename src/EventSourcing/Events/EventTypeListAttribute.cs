namespace EventSourcing;

/// <summary>
/// Says which class lists the events of an assembly. The source generator writes both, as an
/// <see cref="EventTypeListAttribute{TList}"/>; they are how <see cref="EventTypes.FromAssemblyOf"/> finds events without
/// searching for them, also in trimmed and Native AOT apps.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
public abstract class EventTypeListAttribute : Attribute
{
    private protected EventTypeListAttribute()
    {
    }

    internal abstract IEventTypeList CreateList();
}

/// <summary>Says that <typeparamref name="TList"/> lists the events of the assembly.</summary>
/// <remarks>The class is a type argument, and not a <c>typeof</c>, which is kept as text: to parse that takes an app that starts several milliseconds.</remarks>
/// <typeparam name="TList">The class.</typeparam>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class EventTypeListAttribute<TList> : EventTypeListAttribute
    where TList : IEventTypeList, new()
{
    internal override IEventTypeList CreateList() => new TList();
}

/// <summary>The events of an assembly, and how those of old shapes become those of today.</summary>
public interface IEventTypeList
{
    /// <summary>The events.</summary>
    IEnumerable<EventType> Types { get; }

    /// <summary>The upcasters.</summary>
    IEnumerable<Upcaster> Upcasters { get; }
}
