namespace EventSourcing;

/// <summary>
/// Marks a type as an event and gives it the stable name under which it is stored. The name is for ever: types may be renamed
/// and moved, the name stays.
/// </summary>
/// <remarks>
/// Without a name the type's short name is used, which is fine until the type is renamed.
/// </remarks>
/// <param name="name">
/// The stored name: 1–200 characters, no control characters, not ending in <c>@</c> and digits, because versions are stored
/// that way.
/// </param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
public sealed class EventTypeAttribute(string? name = null) : Attribute
{
    /// <summary>The stored name, or <see langword="null"/> for the type's short name.</summary>
    public string? Name { get; } = name;

    /// <summary>
    /// Which shape of the event this type is, 1 for the first. Raise it when stored events no longer fit the type, and mark
    /// with <see cref="UpcasterAttribute"/> the method that turns events of the version before into it. The type of the highest
    /// version is the current one.
    /// </summary>
    public int Version { get; init; } = 1;

    /// <summary>
    /// Names under which this event was stored before it was renamed. They are read as this event, in the same versions.
    /// </summary>
    public string[] Aliases { get; init; } = [];
}
