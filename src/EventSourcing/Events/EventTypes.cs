using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace EventSourcing;

/// <summary>
/// The allow-list of events: which stored name is which CLR type. Nothing outside this list is ever written or
/// instantiated, whatever a database says. Immutable and thread-safe; build it once, at start-up.
/// </summary>
public sealed class EventTypes
{
    private readonly FrozenDictionary<string, EventType> _byName;
    private readonly FrozenDictionary<Type, EventType> _byType;

    /// <summary>Creates the list; this form is safe for trimming and Native AOT.</summary>
    /// <param name="types">The event types, e.g. <c>EventType.Of&lt;MoneyDeposited&gt;()</c>.</param>
    /// <exception cref="ArgumentException">A name or a type is given twice.</exception>
    public EventTypes(params IEnumerable<EventType> types)
    {
        ArgumentNullException.ThrowIfNull(types);
        var byName = new Dictionary<string, EventType>(StringComparer.Ordinal);
        var byType = new Dictionary<Type, EventType>();
        foreach (var type in types)
        {
            if (!byName.TryAdd(type.Name, type))
                throw new ArgumentException($"The event name '{type.Name}' is claimed by {byName[type.Name].ClrType} and by {type.ClrType}. Give one of them another name with [EventType(\"…\")].", nameof(types));
            if (!byType.TryAdd(type.ClrType, type))
                throw new ArgumentException($"The event type {type.ClrType} is listed twice, as '{byType[type.ClrType].Name}' and as '{type.Name}'. An event type has one name.", nameof(types));
        }

        _byName = byName.ToFrozenDictionary(StringComparer.Ordinal);
        _byType = byType.ToFrozenDictionary();
    }

    /// <summary>The event types in this list, in no particular order.</summary>
    public IReadOnlyCollection<EventType> All => _byName.Values;

    /// <summary>Lists every type marked <see cref="EventTypeAttribute"/> in the assembly of <typeparamref name="T"/>.</summary>
    /// <typeparam name="T">Any type of the assembly, say an aggregate.</typeparam>
    /// <returns>The list.</returns>
    /// <exception cref="ArgumentException">The assembly has no such type, or two of the same name.</exception>
    [RequiresUnreferencedCode("Looks through an assembly for event types. A trimmed app lists them: new EventTypes(EventType.Of<A>(), …).")]
    public static EventTypes FromAssemblyOf<T>() => FromAssembly(typeof(T).Assembly);

    /// <summary>Lists every type marked <see cref="EventTypeAttribute"/> in an assembly, nested and internal ones too.</summary>
    /// <param name="assembly">The assembly to look through.</param>
    /// <returns>The list.</returns>
    /// <exception cref="ArgumentException">The assembly has no such type, or two of the same name.</exception>
    [RequiresUnreferencedCode("Looks through an assembly for event types. A trimmed app lists them: new EventTypes(EventType.Of<A>(), …).")]
    public static EventTypes FromAssembly(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        var types = assembly.GetTypes().Where(t => t.IsDefined(typeof(EventTypeAttribute), inherit: false)).Select(EventType.Of).ToList();
        return types.Count > 0
            ? new EventTypes(types)
            : throw new ArgumentException($"The assembly '{assembly.GetName().Name}' has no type marked [EventType]. Mark its events, or list them: new EventTypes(EventType.Of<MyEvent>(), …).", nameof(assembly));
    }

    /// <summary>The stored name of an event type, for filters and queries.</summary>
    /// <typeparam name="TEvent">A listed event type.</typeparam>
    /// <returns>Its name.</returns>
    /// <exception cref="ArgumentException">The type is not in this list.</exception>
    public string NameOf<TEvent>() => Get(typeof(TEvent)).Name;

    /// <summary>Changes whenever a stored event could be read into something else: part of what snapshots are held to.</summary>
    internal string Fingerprint => string.Join('\n', _byName.Values.Select(type => $"{type.Name} {type.ClrType}").Order(StringComparer.Ordinal));

    internal EventType Get(Type clrType) => _byType.TryGetValue(clrType, out var type)
        ? type
        : throw new ArgumentException($"'{clrType}' is not an event of this store: it is not in its EventTypes. Nothing was written. Mark it [EventType(\"…\")] and list its assembly, or add EventType.Of<{clrType.Name}>().");

    internal bool TryGet(string name, [NotNullWhen(true)] out EventType? type) => _byName.TryGetValue(name, out type);
}
