namespace EventSourcing;

/// <summary>
/// Marks a type as an event and gives it the stable name under which it is stored. The name is for ever: types may
/// be renamed and moved, the name stays.
/// </summary>
/// <remarks>
/// Without a name the type's short name is used, which is fine until somebody renames the type.
/// </remarks>
/// <param name="name">The stored name: 1–200 characters, no control characters.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
public sealed class EventTypeAttribute(string? name = null) : Attribute
{
    /// <summary>The stored name, or <see langword="null"/> for the type's short name.</summary>
    public string? Name { get; } = name;
}
