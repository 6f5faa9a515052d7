using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;

namespace EventSourcing;

/// <summary>An event's CLR type, and the stable name and version under which it is stored. Immutable.</summary>
public sealed class EventType
{
    internal const DynamicallyAccessedMemberTypes JsonMembers =
        DynamicallyAccessedMemberTypes.PublicConstructors
        | DynamicallyAccessedMemberTypes.PublicProperties
        | DynamicallyAccessedMemberTypes.PublicFields;

    private EventType(Type clrType, string storedName)
    {
        ClrType = clrType;
        Name = StoredName = storedName;
        Version = 1;
        Aliases = [];
    }

    private EventType(Type clrType, string name, int version, IReadOnlyList<string> aliases)
    {
        ArgumentNullException.ThrowIfNull(aliases);
        if (clrType == typeof(PayloadsErased))
            throw new ArgumentException(
                $"'{clrType}' is the library's own event, which every store knows. Do not list it.", nameof(clrType));
        ClrType = clrType;
        Name = name;
        Version = version;
        Aliases = aliases.Count == 0 ? aliases : aliases.Distinct(StringComparer.Ordinal).ToArray();
        StoredName = StoredNameOf(Name, version);
        ThrowIfNotGivable(Name, "An event type's name", nameof(name));
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        foreach (var alias in Aliases) ThrowIfNotGivable(alias, $"An alias of '{Name}'", nameof(aliases));
        if (version > 1) Names.ThrowIfInvalid(StoredName, "An event type's name with its version", nameof(name));
        if (Aliases.Contains(Name, StringComparer.Ordinal))
            throw new ArgumentException($"'{Name}' ({clrType}) has its own name among its aliases. Remove it there.", nameof(aliases));
        if (clrType.IsAbstract || clrType.IsGenericTypeDefinition)
            throw new ArgumentException($"'{clrType}' cannot be an event: it is abstract or an open generic type.", nameof(clrType));
    }

    /// <summary>The type that events of this name and version are read into.</summary>
    public Type ClrType { get; }

    /// <summary>The name, the same for all versions.</summary>
    public string Name { get; }

    /// <summary>Which shape of the event the type is, from 1. The highest version listed is the current one.</summary>
    public int Version { get; }

    /// <summary>Names under which any version of the event was stored before it was renamed.</summary>
    public IReadOnlyList<string> Aliases { get; }

    /// <summary>The name in the store: the plain name for version 1, and <c>name@n</c> for a later one.</summary>
    public string StoredName { get; }

    /// <summary>Describes <typeparamref name="TEvent"/>; trimming keeps what JSON needs of it.</summary>
    /// <typeparam name="TEvent">A concrete class or struct.</typeparam>
    /// <param name="name">
    /// The name, of version 1 and without aliases; by default <see cref="EventTypeAttribute"/> gives name, version and aliases;
    /// without the attribute, the name is the type's short name. A name must not end in <c>@</c> and digits, because versions
    /// are stored that way.
    /// </param>
    /// <returns>The event type.</returns>
    /// <exception cref="ArgumentException">The name is not valid, or the type is abstract.</exception>
    public static EventType Of<[DynamicallyAccessedMembers(JsonMembers)] TEvent>(string? name = null)
        where TEvent : notnull => name is null ? Declared(typeof(TEvent)) : new EventType(typeof(TEvent), name, 1, []);

    /// <summary>Describes <typeparamref name="TEvent"/>; trimming keeps what JSON needs of it.</summary>
    /// <typeparam name="TEvent">A concrete class or struct.</typeparam>
    /// <param name="name">The name, without version; <see langword="null"/> for the type's short name.</param>
    /// <param name="version">Which shape of the event the type is, from 1.</param>
    /// <param name="aliases">Names under which it was stored before it was renamed.</param>
    /// <returns>The event type.</returns>
    /// <exception cref="ArgumentException">
    /// A name is not valid, the version is below 1, the type is abstract, or its attribute states what is given here without a
    /// name.
    /// </exception>
    public static EventType Of<[DynamicallyAccessedMembers(JsonMembers)] TEvent>(string? name, int version, params string[] aliases)
        where TEvent : notnull => new(typeof(TEvent), name ?? ShortName(typeof(TEvent)), version, aliases);

    /// <summary>An event type of the library itself, under a name that no other can have.</summary>
    internal static EventType OfTheLibrary(Type clrType, string storedName) => new(clrType, storedName);

    /// <summary>The name from a type's attribute, or its short name. A store's list of types may give it another.</summary>
    internal static string DeclaredName(Type clrType) =>
        clrType.GetCustomAttribute<EventTypeAttribute>(inherit: false)?.Name ?? clrType.Name;

    internal static string StoredNameOf(string name, int version) =>
        version == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}@{version}");

    /// <summary>The name and version in a stored name; version 1 if it has none.</summary>
    internal static (string Name, int Version) Parse(string storedName)
    {
        var at = storedName.LastIndexOf('@');
        return at > 0 && IsVersion(storedName.AsSpan(at + 1))
            && int.TryParse(storedName.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? (storedName[..at], version)
            : (storedName, 1);
    }

    internal static void ThrowIfNotGivable(string name, string what, string parameter)
    {
        Names.ThrowIfInvalid(name, what, parameter);
        if (name == PayloadsErased.TypeName)
            throw new ArgumentException(
                $"{what} must not be '{name}': that is the library's own. Names that begin with '$' are better left to it.", parameter);
        if (name.LastIndexOf('@') is >= 0 and var at && IsVersion(name.AsSpan(at + 1)))
            throw new ArgumentException(
                $"{what} must not end in '@' and digits, as '{name}' does: that is how versions are stored. Give the name without, "
                + "and the version beside it.",
                parameter);
    }

    /// <summary>The stored name and the type, for messages.</summary>
    /// <returns>For example <c>money-deposited@2 (Bank.MoneyDeposited)</c>.</returns>
    public override string ToString() => $"{StoredName} ({ClrType})";

    private static EventType Declared(Type clrType) => clrType.GetCustomAttribute<EventTypeAttribute>(inherit: false) is { } attribute
        ? new EventType(clrType, attribute.Name ?? clrType.Name, attribute.Version, attribute.Aliases)
        : new EventType(clrType, clrType.Name, 1, []);

    private static string ShortName(Type clrType) => clrType.IsDefined(typeof(EventTypeAttribute), inherit: false)
        ? throw new ArgumentException(
            $"[EventType] of '{clrType}' says its version and aliases already. Give its name as well to say all of it here, or nothing.",
            "version")
        : clrType.Name;

    private static bool IsVersion(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');
}
