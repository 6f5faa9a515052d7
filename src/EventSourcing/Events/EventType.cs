using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace EventSourcing;

/// <summary>An event's CLR type and the stable name it is stored under. Immutable.</summary>
public sealed class EventType
{
    internal const DynamicallyAccessedMemberTypes JsonMembers =
        DynamicallyAccessedMemberTypes.PublicConstructors
        | DynamicallyAccessedMemberTypes.PublicProperties
        | DynamicallyAccessedMemberTypes.PublicFields;

    private EventType(Type clrType, string? name)
    {
        ClrType = clrType;
        Name = name ?? clrType.GetCustomAttribute<EventTypeAttribute>()?.Name ?? clrType.Name;
        Names.ThrowIfInvalid(Name, "An event type's name", nameof(name));
        if (clrType.IsAbstract || clrType.IsGenericTypeDefinition)
            throw new ArgumentException($"'{clrType}' cannot be an event: it is abstract or an open generic type.", nameof(clrType));
    }

    /// <summary>The type that events of this name are read into.</summary>
    public Type ClrType { get; }

    /// <summary>The name in the store.</summary>
    public string Name { get; }

    /// <summary>Describes <typeparamref name="TEvent"/>; trimming keeps what JSON needs of it.</summary>
    /// <typeparam name="TEvent">A concrete class or struct.</typeparam>
    /// <param name="name">The stored name; by default that of <see cref="EventTypeAttribute"/>, else the type's short name.</param>
    /// <param name="version">Which version of that name the type is.</param>
    /// <param name="aliases">Further names that are read as it.</param>
    /// <returns>The event type.</returns>
    /// <exception cref="ArgumentException">The name is empty, too long or has control characters, or the type is abstract.</exception>
    public static EventType Of<[DynamicallyAccessedMembers(JsonMembers)] TEvent>(string? name = null, int version = 1, params string[] aliases)
        where TEvent : notnull => new(typeof(TEvent), name); // Placeholder: version and aliases are written elsewhere.

    /// <summary>The name and the type, for messages.</summary>
    /// <returns>For example <c>money-deposited (Bank.MoneyDeposited)</c>.</returns>
    public override string ToString() => $"{Name} ({ClrType})";
}
