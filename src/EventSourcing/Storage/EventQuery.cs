namespace EventSourcing;

/// <summary>
/// Selects events: all, or those that match at least one of some items. It means the same as the filter of a read and as the
/// condition of an append. Immutable.
/// </summary>
/// <remarks>
/// On an event store, types are given by their current names. Before a query reaches the storage, each is widened to all names
/// under which such events may be stored: those of old versions, aliases, and events that upcasters have retired. An alias or a
/// retired name stands for what it has become. A storage compares stored names.
/// </remarks>
public sealed class EventQuery
{
    private EventQuery(IReadOnlyList<EventQueryItem> items) => Items = items;

    /// <summary>Every event.</summary>
    public static EventQuery All { get; } = new([]);

    /// <summary>Whether the query matches every event.</summary>
    public bool IsAll => Items.Count == 0;

    /// <summary>The items; an event must match at least one of them; none for <see cref="All"/>.</summary>
    public IReadOnlyList<EventQueryItem> Items { get; }

    /// <summary>The events that match at least one item.</summary>
    /// <param name="items">One item or more.</param>
    /// <returns>The query.</returns>
    /// <exception cref="ArgumentException">There is no item; to match everything, use <see cref="All"/>.</exception>
    public static EventQuery Any(params IEnumerable<EventQueryItem> items)
    {
        var list = items?.ToArray() ?? throw new ArgumentNullException(nameof(items));
        return list.Length > 0
            ? new EventQuery(list)
            : throw new ArgumentException("A query needs at least one item. To match every event, use EventQuery.All.", nameof(items));
    }

    /// <summary>The events of any of some types, by their names. An event store refuses names that its types do not have.</summary>
    /// <param name="types">One name or more.</param>
    /// <returns>The query.</returns>
    /// <exception cref="ArgumentException">There is no name, or one is not valid.</exception>
    public static EventQuery OfTypes(params IEnumerable<string> types) => new([new EventQueryItem(types: types)]);

    /// <summary>The events of a type, of all its versions, by the name that the event store has for it.</summary>
    /// <typeparam name="T">A type that the event store lists; others are refused.</typeparam>
    /// <returns>The query.</returns>
    public static EventQuery OfTypes<T>() => new([new EventQueryItem([typeof(T)])]);

    /// <summary>The events of any of two types, of all their versions, by the names that the event store has for them.</summary>
    /// <typeparam name="T1">The first type.</typeparam>
    /// <typeparam name="T2">The second.</typeparam>
    /// <returns>The query. For more types, join queries with <see cref="Or"/>.</returns>
    public static EventQuery OfTypes<T1, T2>() => new([new EventQueryItem([typeof(T1), typeof(T2)])]);

    /// <summary>The events of any of three types, of all their versions, by the names that the event store has for them.</summary>
    /// <typeparam name="T1">The first type.</typeparam>
    /// <typeparam name="T2">The second.</typeparam>
    /// <typeparam name="T3">The third.</typeparam>
    /// <returns>The query. For more types, join queries with <see cref="Or"/>.</returns>
    public static EventQuery OfTypes<T1, T2, T3>() => new([new EventQueryItem([typeof(T1), typeof(T2), typeof(T3)])]);

    /// <summary>The events of any of four types, of all their versions, by the names that the event store has for them.</summary>
    /// <typeparam name="T1">The first type.</typeparam>
    /// <typeparam name="T2">The second.</typeparam>
    /// <typeparam name="T3">The third.</typeparam>
    /// <typeparam name="T4">The fourth.</typeparam>
    /// <returns>The query. For more types, join queries with <see cref="Or"/>.</returns>
    public static EventQuery OfTypes<T1, T2, T3, T4>() => new([new EventQueryItem([typeof(T1), typeof(T2), typeof(T3), typeof(T4)])]);

    /// <summary>The events that have all given tags.</summary>
    /// <param name="tags">One tag or more.</param>
    /// <returns>The query.</returns>
    /// <exception cref="ArgumentException">There is no tag, or one is not valid.</exception>
    public static EventQuery WithTags(params IEnumerable<string> tags) => new([new EventQueryItem(tags: tags)]);

    /// <summary>
    /// The events of all streams whose names begin with a prefix, compared ordinally: <c>book-1</c> is also the beginning of
    /// <c>book-10</c>, so end the prefix with the hyphen if you mean a category.
    /// </summary>
    /// <param name="prefix">The beginning of the name, e.g. <c>account-</c>.</param>
    /// <returns>The query.</returns>
    /// <exception cref="ArgumentException">The prefix is empty or not valid in a stream's name.</exception>
    public static EventQuery InStreams(string prefix) => new([new EventQueryItem(streamPrefix: prefix)]);

    /// <summary>The events that match this query or another.</summary>
    /// <param name="other">The other query.</param>
    /// <returns>The wider query.</returns>
    public EventQuery Or(EventQuery other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return IsAll || other.IsAll ? All : new EventQuery([.. Items, .. other.Items]);
    }

    /// <summary>Whether an event matches.</summary>
    /// <param name="type">The stored name of its type.</param>
    /// <param name="stream">Its stream's name.</param>
    /// <param name="tags">Its tags.</param>
    /// <returns><see langword="true"/> if it does.</returns>
    public bool Matches(string type, string stream, IReadOnlyList<string> tags)
    {
        if (IsAll) return true;
        foreach (var item in Items)
        {
            if (item.Matches(type, stream, tags)) return true;
        }

        return false;
    }

    /// <summary>The query as readable text.</summary>
    /// <returns>For example <c>(type A or B, tag x) or (streams 'account-…')</c>.</returns>
    public override string ToString() => IsAll ? "every event" : string.Join(" or ", Items.Select(i => $"({i})"));
}

/// <summary>
/// One alternative of an <see cref="EventQuery"/>: an event matches if its type is one of the types, it has all of the tags,
/// and its stream begins with the prefix. Parts that are not given match everything, but at least one must be given. Immutable.
/// </summary>
public sealed class EventQueryItem
{
    /// <summary>Creates the item.</summary>
    /// <param name="types">The stored names of types, any of which matches; none for every type.</param>
    /// <param name="tags">The tags that an event must all have; none to require no tag.</param>
    /// <param name="streamPrefix">The prefix that the stream's name must have, or <see langword="null"/>.</param>
    /// <exception cref="ArgumentException">Nothing is given, or something is not valid.</exception>
    public EventQueryItem(IEnumerable<string>? types = null, IEnumerable<string>? tags = null, string? streamPrefix = null)
    {
        Types = types?.Distinct(StringComparer.Ordinal).ToArray() ?? [];
        Tags = tags?.Distinct(StringComparer.Ordinal).ToArray() ?? [];
        StreamPrefix = streamPrefix;
        foreach (var type in Types) Names.ThrowIfInvalid(type, "An event type's name", nameof(types));
        foreach (var tag in Tags) Names.ThrowIfInvalidKey(tag, "A tag", nameof(tags));
        if (streamPrefix is not null) Names.ThrowIfInvalid(streamPrefix, "A stream's prefix");
        if (Types.Count == 0 && Tags.Count == 0 && streamPrefix is null)
            throw new ArgumentException("A query item needs a type, a tag or a stream prefix. To match every event, use EventQuery.All.");
    }

    internal EventQueryItem(IReadOnlyList<Type> clrTypes)
        : this(types: clrTypes.Select(EventType.DeclaredName)) => ClrTypes = clrTypes;

    /// <summary>The stored names of types, any of which matches; empty for every type.</summary>
    public IReadOnlyList<string> Types { get; }

    /// <summary>
    /// Whether an event store accepts names here that its types do not have, for example of another app's events. By default it
    /// refuses them, because a condition or filter with a mistyped name would silently match nothing.
    /// </summary>
    public bool AllowsUnlistedTypes { get; init; }

    /// <summary>The types from which <see cref="Types"/> was made; none if names were given.</summary>
    internal IReadOnlyList<Type> ClrTypes { get; } = [];

    /// <summary>The tags that an event must all have; empty to require no tag.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>The prefix that the stream's name must have, or <see langword="null"/> for every stream.</summary>
    public string? StreamPrefix { get; }

    /// <summary>Whether an event matches.</summary>
    /// <param name="type">The stored name of its type.</param>
    /// <param name="stream">Its stream's name.</param>
    /// <param name="tags">Its tags.</param>
    /// <returns><see langword="true"/> if it does.</returns>
    public bool Matches(string type, string stream, IReadOnlyList<string> tags)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tags);
        if (Types.Count > 0 && !Types.Contains(type, StringComparer.Ordinal)) return false;
        if (StreamPrefix is not null && !stream.StartsWith(StreamPrefix, StringComparison.Ordinal)) return false;
        foreach (var tag in Tags)
        {
            if (!tags.Contains(tag, StringComparer.Ordinal)) return false;
        }

        return true;
    }

    /// <summary>The item as readable text.</summary>
    /// <returns>For example <c>type A or B, tag x and y, streams 'account-…'</c>.</returns>
    public override string ToString()
    {
        var parts = new List<string>(3);
        if (Types.Count > 0) parts.Add("type " + string.Join(" or ", Types));
        if (Tags.Count > 0) parts.Add("tag " + string.Join(" and ", Tags.Select(Names.Printable)));
        if (StreamPrefix is not null) parts.Add($"streams '{StreamPrefix}…'");
        return string.Join(", ", parts);
    }
}
