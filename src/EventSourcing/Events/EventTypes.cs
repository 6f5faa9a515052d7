using System.Reflection;

namespace EventSourcing;

/// <summary>
/// The allow-list of events: which stored name is which CLR type, and how events of old shapes become current ones. Nothing
/// outside this list is ever written or instantiated, whatever a database says. Immutable and thread-safe; build it once, at
/// start-up: parts that do not fit together cause an error then.
/// </summary>
/// <remarks>
/// Several types may share a name in different versions: the highest is the current one, the others serve typed upcasters. An
/// object of an old type may still be appended; it is stored under its own version and read as the current one.
/// <see cref="PayloadsErased"/> is known to every list, but appears in none.
/// </remarks>
public sealed class EventTypes
{
    private readonly List<Upcaster> _upcasters;
    private readonly Dictionary<Type, EventType> _byType = [];

    // Only names that differ from the stored name: those with aliases, versions or upcasters.
    private readonly Dictionary<string, string[]> _currentNames = [];
    private readonly Dictionary<string, string[]> _storedNames = [];

    /// <summary>Creates the list; this form is safe for trimming and Native AOT.</summary>
    /// <param name="types">The event types, e.g. <c>EventType.Of&lt;MoneyDeposited&gt;()</c>.</param>
    /// <exception cref="ArgumentException">A name or a type is given twice, or events of an old version could not be read.</exception>
    public EventTypes(params IEnumerable<EventType> types)
        : this(types, [])
    {
    }

    /// <summary>Creates the list with upcasters for events of old shapes; this form is safe for trimming and Native AOT.</summary>
    /// <param name="types">The current event types, and those of old versions that upcasters take.</param>
    /// <param name="upcasters">One of any kind for each old version of each name.</param>
    /// <exception cref="ArgumentException">
    /// A stored name or a type is claimed twice; an old version has no upcaster, or two; an upcaster takes a current event,
    /// returns one that is not listed, or leads nowhere. The message says what to do.
    /// </exception>
    public EventTypes(IEnumerable<EventType> types, IEnumerable<Upcaster> upcasters)
    {
        ArgumentNullException.ThrowIfNull(types);
        ArgumentNullException.ThrowIfNull(upcasters);
        _upcasters = [.. upcasters];
        foreach (var type in types)
        {
            if (!_byType.TryAdd(type.ClrType, type))
                throw new ArgumentException(
                    $"The event type {type.ClrType} is listed twice, as '{_byType[type.ClrType].StoredName}' and as '{type.StoredName}'. "
                    + "An event type has one name.",
                    nameof(types));
        }

        if (_upcasters.Count == 0 && StoredShapes.PlainByStoredName(_byType) is { } plain)
        {
            Shapes = plain;
            return;
        }

        var shapes = new StoredShapes(_byType, _upcasters);
        Shapes = shapes.ByStoredName;
        _currentNames = CurrentNamesIn(shapes);
        _storedNames = StoredNamesIn(shapes);
    }

    /// <summary>The event types in this list, old versions too, in no particular order.</summary>
    public IReadOnlyCollection<EventType> All => _byType.Values;

    /// <summary>
    /// Every name under which an event that this list can read may be stored, in no particular order: those of current and old
    /// versions, aliases, and the names of events that upcasters have retired.
    /// </summary>
    public IReadOnlyCollection<string> StoredNames => Shapes.Keys;

    /// <summary>What such events become, by stored name.</summary>
    internal Dictionary<string, StoredShape> Shapes { get; }

    /// <summary>
    /// The events and upcasters of this list and another, for example those of two assemblies. Each must be valid by itself.
    /// </summary>
    /// <param name="other">The other list.</param>
    /// <returns>Both.</returns>
    /// <exception cref="ArgumentException">They do not go together: they claim the same name or type.</exception>
    public EventTypes And(EventTypes other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new EventTypes(All.Concat(other.All), _upcasters.Concat(other._upcasters));
    }

    /// <summary>
    /// Lists every type of the assembly of <typeparamref name="T"/> that is marked <see cref="EventTypeAttribute"/>, nested and
    /// internal ones too, and every <see cref="UpcasterAttribute"/>, as the source generator has collected them when that
    /// assembly was compiled. Nothing is searched for, so it works in trimmed and Native AOT apps too.
    /// </summary>
    /// <typeparam name="T">Any type of the assembly, for example an aggregate.</typeparam>
    /// <returns>The list.</returns>
    /// <exception cref="ArgumentException">The assembly has no list.</exception>
    public static EventTypes FromAssemblyOf<T>() => FromAssembly(typeof(T).Assembly);

    /// <summary>The same as <see cref="FromAssemblyOf"/>, for a given assembly.</summary>
    /// <param name="assembly">The assembly.</param>
    /// <returns>The list.</returns>
    /// <exception cref="ArgumentException">The assembly has no list.</exception>
    public static EventTypes FromAssembly(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        if (assembly.GetCustomAttribute<EventTypeListAttribute>() is not { } attribute)
            throw new ArgumentException(
                $"The assembly '{assembly.GetName().Name}' has no list of events. Mark its events [EventType(\"…\")], "
                + "in a project that references the EventSourcing package, whose source generator lists them; or list them: "
                + "new EventTypes(EventType.Of<MyEvent>(), …).",
                nameof(assembly));
        var list = attribute.CreateList();
        return new EventTypes(list.Types, list.Upcasters);
    }

    /// <summary>The name of an event type, for filters and queries: they find events of all its versions.</summary>
    /// <typeparam name="TEvent">A listed event type.</typeparam>
    /// <returns>Its name.</returns>
    /// <exception cref="ArgumentException">The type is not in this list.</exception>
    public string NameOf<TEvent>() => Get(typeof(TEvent)).Name;

    internal EventType Get(Type clrType) => Find(clrType) ?? throw NotListed(clrType);

    internal static ArgumentException NotListed(Type clrType) => clrType == typeof(PayloadsErased)
        ? new($"'{clrType}' is appended by ErasePayloadsAsync alone, which erases what it says. Nothing was written.")
        : new(
            $"'{clrType}' is not an event of this store: it is not in its EventTypes. Nothing was written. "
            + $"Mark it [EventType(\"…\")] and list its assembly, or add EventType.Of<{clrType.Name}>().");

    /// <exception cref="ArgumentException">A name in a query belongs to no event of this list or of the library.</exception>
    internal void ThrowIfUnlisted(string name)
    {
        if (Shapes.ContainsKey(name) || _storedNames.ContainsKey(name) || name.StartsWith('$')) return;
        var nearest = _byType.Values
            .Select(type => (type.Name, Distance: string.Equals(type.ClrType.Name, name, StringComparison.OrdinalIgnoreCase)
                ? 0
                : EditDistance.Between(type.Name, name)))
            .Where(near => near.Distance <= Math.Max(2, name.Length / 3))
            .OrderBy(near => near.Distance).ThenBy(near => near.Name, StringComparer.Ordinal)
            .Select(near => $"'{near.Name}'").Distinct().Take(3).ToList();
        throw new ArgumentException(
            $"A query asks for events named '{name}', and the store's EventTypes have no such name, so it would match nothing. "
            + $"{(nearest.Count > 0 ? $"Did you mean {string.Join(" or ", nearest)}? " : "")}Say EventQuery.OfTypes<T>() for a type of "
            + $"this app. For events of another app, set {nameof(EventQueryItem)}.{nameof(EventQueryItem.AllowsUnlistedTypes)}, "
            + "or read with UnknownEvents.AsRaw.");
    }

    internal EventType? Find(Type clrType) =>
        _byType.GetValueOrDefault(clrType) ?? (clrType == typeof(PayloadsErased) ? PayloadsErased.Type : null);

    /// <summary>Whether events are read into this type, rather than upcast to a later one.</summary>
    internal bool IsCurrent(EventType type) => !Shapes.TryGetValue(type.StoredName, out var shape) || shape.Step is null;

    /// <summary>
    /// The current names of events with this name: the name itself, the name that an alias stands for, or what a retired name
    /// has become. A name that is not listed stands for itself.
    /// </summary>
    internal IReadOnlyList<string> CurrentNamesOf(string name) => _currentNames.GetValueOrDefault(name) ?? [name];

    /// <summary>The names under which events that now have this name may be stored.</summary>
    internal IReadOnlyList<string> StoredNamesOf(string currentName) => _storedNames.GetValueOrDefault(currentName) ?? [currentName];

    /// <summary>Whether every name equals its stored name: there are no aliases, versions or upcasters.</summary>
    internal bool NamesAreStoredNames => _currentNames.Count == 0 && _storedNames.Count == 0;

    /// <summary>If the stored name is a later version of a known name, the last known version of that name; otherwise null.</summary>
    internal int? LastVersionBefore(string storedName)
    {
        var (name, version) = EventType.Parse(storedName);
        var last = Shapes.Keys.Select(EventType.Parse)
            .Where(known => known.Name == name).Select(known => known.Version).DefaultIfEmpty().Max();
        return last > 0 && version > last ? last : null;
    }

    private static Dictionary<string, string[]> CurrentNamesIn(StoredShapes shapes)
    {
        var names = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var stored in shapes.ByStoredName.Keys)
        {
            string[] current = [.. shapes.CurrentNamesOf(EventType.Parse(stored).Name).Order(StringComparer.Ordinal)];
            if (current is not [var same] || same != stored) names.Add(stored, current);
        }

        return names;
    }

    private static Dictionary<string, string[]> StoredNamesIn(StoredShapes shapes)
    {
        var byCurrent = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var (stored, shape) in shapes.ByStoredName)
        {
            // An event that becomes nothing can still be found by its own name, if only to see that nothing is left.
            var current = shape.Results.Length > 0 ? shape.Results.Select(type => type.Name) : [shape.Name];
            foreach (var name in current.Distinct(StringComparer.Ordinal))
            {
                if (!byCurrent.TryGetValue(name, out var list)) byCurrent.Add(name, list = []);
                list.Add(stored);
            }
        }

        return byCurrent.Where(pair => pair.Value is not [var same] || same != pair.Key)
            .ToDictionary(pair => pair.Key, pair => pair.Value.Order(StringComparer.Ordinal).ToArray(), StringComparer.Ordinal);
    }
}
