namespace EventSourcing;

/// <summary>
/// Reacts to committed events and remembers its position: a <see cref="Projection"/> or a <see cref="Reactor"/>. Its handlers say which
/// events it looks at. All of it is checked when it is started.
/// </summary>
public abstract class Subscriber
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxNameLength = 150;

    private readonly HashSet<Type> _eventTypes = [];
    private bool _handlesAny;

    private protected Subscriber()
    {
        // Fields of the derived class are initialized by now, but the bodies of its constructors have not run: handlers are only registered
        // here, and called later.
        Bind();
    }

    /// <summary>
    /// The name under which its place in the log is stored: by default the class's name without the namespace. On one store a name belongs
    /// to one class; a second class of that name is refused (<see cref="SubscriberNameTakenException"/>).
    /// </summary>
    public virtual string Name => GetType().Name;

    /// <summary>
    /// The full names that the class had before it was renamed or moved to another namespace, as <see cref="Type.ToString"/> returns them;
    /// none by default. A class that keeps its <see cref="Name"/> goes on where it was if the class that the name belongs to is listed
    /// here. An entry may be removed once the class has been started on every store.
    /// </summary>
    public virtual IReadOnlyList<string> FormerTypeNames => [];

    /// <summary>The full name of its class. A name on a store belongs to that class.</summary>
    internal string TypeName => field ??= SubscriberIdentity.Of(GetType());

    /// <summary>
    /// Limits the events to look at by stream prefix or tags; filtered by the storage. By default, all events that have a handler.
    /// </summary>
    public virtual EventQuery Filter => EventQuery.All;

    /// <summary>The types of the events that have handlers, in no particular order.</summary>
    internal IReadOnlyCollection<Type> EventTypes => _eventTypes;

    internal bool HandlesAny => _handlesAny;

    /// <summary>The most events in one batch, if it needs a limit.</summary>
    internal virtual int MaxBatchEvents => int.MaxValue;

    /// <summary>Whether its handlers have effects that no transaction can undo.</summary>
    internal virtual bool HasEffects => false;

    /// <summary>
    /// Registers the handlers: for partial classes the source generator writes it from their methods. It is called once, before the
    /// constructor's body, which may register more.
    /// </summary>
    protected virtual void Bind()
    {
    }

    /// <summary>Whether an event changes a document.</summary>
    internal virtual bool Changes(FeedEvent e, string key) => false;

    /// <summary>Folds a batch into changes, without writing any of them yet; or reacts to it.</summary>
    internal abstract ValueTask<Fold> FoldAsync(FoldInput input, CancellationToken cancellationToken);

    /// <summary>Throws if it cannot be run on a store.</summary>
    /// <exception cref="ArgumentException">It cannot; the message says why.</exception>
    internal virtual void Validate(EventStore store)
    {
        ArgumentNullException.ThrowIfNull(Name);
        if (Names.FlawOfName(Name) is { } flaw)
            throw new ArgumentException(Names.Invalid(Name, $"The name of {GetType()}", flaw, MaxNameLength), nameof(Name));
        if (Name.Length > MaxNameLength)
            throw new ArgumentException($"The name '{Name}' of {GetType()} has {Name.Length} characters; the limit is {MaxNameLength}.");
        if (Name[0] == '$')
            throw new ArgumentException($"The name '{Name}' of {GetType()} begins with '$', which is kept for the library's own.");
        if (this is Projection && EndsLikeGeneration(Name))
        {
            throw new ArgumentException(
                $"The name '{Name}' of {GetType()} ends in '@' and a number, which is kept for the read models of "
                + $"'{Name[..Name.LastIndexOf('@')]}' while they are rebuilt. Give the projection another name; "
                + "its read model is then built anew.");
        }

        if (FormerTypeNames is null || FormerTypeNames.Any(string.IsNullOrEmpty))
            throw new ArgumentException(
                $"{nameof(FormerTypeNames)} of '{Name}' ({GetType()}) is null or has an empty name. "
                + "List the full names that the class had before, or nothing.");
        if (Filter is null) throw new ArgumentException($"The filter of '{Name}' is null; for no filter return EventQuery.All.");
        if (_eventTypes.Count == 0 && !_handlesAny)
            throw new ArgumentException($"'{Name}' ({GetType()}) handles no event. Say which in its constructor: On<TEvent>(…).");
        if (!_handlesAny && _eventTypes.All(IsErased))
            throw new ArgumentException(
                $"'{Name}' ({GetType()}) handles {nameof(ErasedEvent)} alone, which is about events of types that it handles. Say which: "
                + "On<TEvent>(…).");
        var unlisted = NamedTypes.Where(type => store.Types.Find(type) is null).ToList();
        if (unlisted.Count > 0)
            throw new ArgumentException(
                $"'{Name}' handles {string.Join(", ", unlisted.Select(type => type.Name))}, which the store's EventTypes do not list, "
                + $"so no such event can ever come. List {(unlisted.Count == 1 ? "it" : "them")}, or remove the handler.");
        foreach (var type in NamedTypes.Select(store.Types.Get))
        {
            if (store.Types.IsCurrent(type)) continue;
            throw new ArgumentException(
                $"'{Name}' handles {type.ClrType.Name}, an old version of '{type.Name}': upcasters turn such events into current ones "
                + $"({string.Join(", ", store.Types.Shapes[type.StoredName].Results.Select(result => result.ClrType.Name))}). "
                + "Handle those.");
        }
    }

    /// <summary>Whether a name looks like that of a read model that is being rebuilt: <c>name@2</c>.</summary>
    private static bool EndsLikeGeneration(string name) =>
        name.TrimEnd("0123456789".ToCharArray()) is var stem && stem.Length < name.Length && stem.EndsWith('@');

    /// <summary>What to read of the log: the handled events that match the filter.</summary>
    internal EventFilter FilterFor(EventStore store)
    {
        if (_handlesAny) return store.EventReader.FilterOf(Filter);
        var names = NamedTypes.Select(type => store.Types.Get(type).Name).Order(StringComparer.Ordinal).ToList();
        var filter = store.EventReader.FilterOf(Filter).Current;
        if (filter.IsAll) return store.EventReader.FilterOf(EventQuery.OfTypes(names));
        var items = new List<EventQueryItem>();
        foreach (var item in filter.Items)
        {
            var types = item.Types.Count == 0 ? names : item.Types.Intersect(names, StringComparer.Ordinal).ToList();
            if (types.Count > 0) items.Add(new EventQueryItem(types, item.Tags, item.StreamPrefix));
        }

        return items.Count > 0
            ? store.EventReader.FilterOf(EventQuery.Any(items))
            : throw new ArgumentException(
                $"The filter of '{Name}' lets none of the events through that it handles ({string.Join(", ", names)}).");
    }

    /// <summary>
    /// Throws if an erased event has a handler, but none that handles its erasure. For events without a handler of their own, the handler
    /// for any event counts.
    /// </summary>
    /// <exception cref="ErasedEventException">The event was erased; the message says what to do.</exception>
    internal void ThrowIfErased(object data)
    {
        if (data is ErasedEvent erased && !_eventTypes.Contains(typeof(ErasedEvent)) && erased.MayHaveBeen([.. _eventTypes]))
            throw new ErasedEventException(erased, GetType());
    }

    /// <summary>The handled types that have event names.</summary>
    private IEnumerable<Type> NamedTypes => _eventTypes.Where(type => !IsErased(type));

    private static bool IsErased(Type type) => type == typeof(ErasedEvent);

    private protected void Declare(Type eventType)
    {
        if (!_eventTypes.Add(eventType))
            throw new ArgumentException($"{GetType()} has two handlers for {eventType.Name}. Make it one: handlers have no order.");
    }

    private protected void DeclareAny()
    {
        if (_handlesAny) throw new ArgumentException($"{GetType()} has two handlers for any event. Make it one: handlers have no order.");
        _handlesAny = true;
    }
}
