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

    /// <summary>Creates the list with upcasters.</summary>
    /// <param name="types">The event types.</param>
    /// <param name="upcasters">The upcasters.</param>
    public EventTypes(IEnumerable<EventType> types, IEnumerable<Upcaster> upcasters) // Placeholder: what upcasts is written elsewhere.
        : this(types) => ArgumentNullException.ThrowIfNull(upcasters);

    /// <summary>The event types in this list, in no particular order.</summary>
    public IReadOnlyCollection<EventType> All => _byName.Values;

    /// <summary>
    /// Lists every type of the assembly of <typeparamref name="T"/> that is marked <see cref="EventTypeAttribute"/>, nested and
    /// internal ones too, and every <see cref="UpcasterAttribute"/>, as the source generator has collected them when that
    /// assembly was compiled. Nothing is searched for; also right in trimmed and Native AOT apps.
    /// </summary>
    /// <typeparam name="T">Any type of the assembly, say an aggregate.</typeparam>
    /// <returns>The list.</returns>
    /// <exception cref="ArgumentException">The assembly has no list.</exception>
    public static EventTypes FromAssemblyOf<T>() => FromAssembly(typeof(T).Assembly);

    /// <summary>The same as <see cref="FromAssemblyOf"/>, of an assembly given.</summary>
    /// <param name="assembly">The assembly.</param>
    /// <returns>The list.</returns>
    /// <exception cref="ArgumentException">The assembly has no list.</exception>
    public static EventTypes FromAssembly(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        if (assembly.GetCustomAttribute<EventTypeListAttribute>() is not { } attribute)
            throw new ArgumentException($"The assembly '{assembly.GetName().Name}' has no list of events. Mark its events [EventType(\"…\")], in a project that references the EventSourcing package, whose source generator lists them; or list them: new EventTypes(EventType.Of<MyEvent>(), …).", nameof(assembly));
        var list = (IEventTypeList)Activator.CreateInstance(attribute.List)!;
        return new EventTypes(list.Types, list.Upcasters);
    }

    /// <summary>The stored name of an event type, for filters and queries.</summary>
    /// <typeparam name="TEvent">A listed event type.</typeparam>
    /// <returns>Its name.</returns>
    /// <exception cref="ArgumentException">The type is not in this list.</exception>
    public string NameOf<TEvent>() => Get(typeof(TEvent)).Name;

    internal EventType Get(Type clrType) => _byType.TryGetValue(clrType, out var type)
        ? type
        : throw new ArgumentException($"'{clrType}' is not an event of this store: it is not in its EventTypes. Nothing was written. Mark it [EventType(\"…\")] and list its assembly, or add EventType.Of<{clrType.Name}>().");

    internal bool TryGet(string name, [NotNullWhen(true)] out EventType? type) => _byName.TryGetValue(name, out type);
}
