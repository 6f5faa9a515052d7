namespace EventSourcing.CodeGeneration;

/// <summary>
/// Says which class lists the events of an assembly. The source generator writes both the class and this attribute, as an
/// <see cref="EventTypeListAttribute{TList}"/>. Through them <see cref="EventTypes.FromAssemblyOf"/> finds events without
/// searching, in trimmed and Native AOT apps too.
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
/// <remarks>
/// The class is a type argument, not a <c>typeof</c>: that is stored as text, and parsing it takes several milliseconds at the
/// start of an app.
/// </remarks>
/// <typeparam name="TList">The class.</typeparam>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class EventTypeListAttribute<TList> : EventTypeListAttribute
    where TList : IEventTypeList, new()
{
    internal override IEventTypeList CreateList() => new TList();
}
