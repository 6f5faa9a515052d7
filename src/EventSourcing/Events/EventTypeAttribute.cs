namespace EventSourcing;

/// <summary>
/// Marks a type as an event and gives it the stable name under which it is stored. The name is for ever: types may
/// be renamed and moved, the name stays.
/// </summary>
/// <remarks>
/// Without a name the type's short name is used, which is fine until somebody renames the type.
/// </remarks>
/// <param name="name">The stored name: 1–200 characters, no control characters, not ending in <c>@</c> and digits, which is how versions are stored.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
public sealed class EventTypeAttribute(string? name = null) : Attribute
{
    /// <summary>The stored name, or <see langword="null"/> for the type's short name.</summary>
    public string? Name { get; } = name;

    /// <summary>
    /// Which shape of the event this type is, 1 for the first. Raise it when stored events no longer fit the type, and
    /// say by an <see cref="UpcasterAttribute"/> how those of the version before become it. The type of the highest
    /// version is today's.
    /// </summary>
    public int Version { get; init; } = 1;

    /// <summary>Names under which this event was stored before it was renamed. They are read as this one, of the same versions.</summary>
    public string[] Aliases { get; init; } = [];
}
