namespace EventSourcing;

/// <summary>
/// A query in two forms: over current event names, and over every stored name that may be upcast to them. The storage filters by the stored
/// form. Events that an upcaster splits or replaces are filtered again by the current form. If every name is stored as it is, both forms
/// are the same object.
/// </summary>
internal sealed class EventFilter
{
    private EventFilter(EventQuery current, EventQuery stored)
    {
        Current = current;
        Stored = stored;
    }

    public static EventFilter All { get; } = new(EventQuery.All, EventQuery.All);

    public EventQuery Current { get; }

    public EventQuery Stored { get; }

    /// <param name="types">The store's types.</param>
    /// <param name="query">The query.</param>
    /// <param name="allowsUnlisted">Whether the query may name types that are not among these.</param>
    /// <exception cref="ArgumentException">The query names a type that is not listed, and unlisted types are not allowed.</exception>
    public static EventFilter Of(EventTypes types, EventQuery query, bool allowsUnlisted = false)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (IsStoredAsIs(types, query, allowsUnlisted)) return new EventFilter(query, query);
        var named = query.Items.Any(item => item.ClrTypes.Count > 0)
            ? EventQuery.Any(query.Items.Select(item => Name(item, types)))
            : query;
        if (!allowsUnlisted) ThrowIfUnlisted(types, named);
        if (types.NamesAreStoredNames) return new EventFilter(named, named);
        var current = EventQuery.Any(named.Items.Select(item => Rename(item, types.CurrentNamesOf)));
        var stored = EventQuery.Any(current.Items.Select(item => Rename(item, types.StoredNamesOf)));
        return new EventFilter(current, stored);
    }

    /// <summary>
    /// The same as <see cref="Stored"/> of <see cref="Of"/>. If the names in the query are the stored names, it returns the query itself
    /// and allocates nothing, since every conditional append calls it.
    /// </summary>
    /// <exception cref="ArgumentException">The query names a type that is not among the store's.</exception>
    public static EventQuery StoredOf(EventTypes types, EventQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return IsStoredAsIs(types, query, allowsUnlisted: false) ? query : Of(types, query).Stored;
    }

    public bool Matches(RecordedEvent e) => Current.Matches(e.Type, e.Stream, e.Tags);

    public EventFilter Or(EventFilter other) => new(Current.Or(other.Current), Stored.Or(other.Stored));

    /// <summary>The filter, limited to streams whose names begin with a prefix.</summary>
    public EventFilter InStreams(string prefix) => new(Narrow(Current, prefix), Narrow(Stored, prefix));

    /// <summary>Whether every name in the query is stored as it is. The names are checked.</summary>
    private static bool IsStoredAsIs(EventTypes types, EventQuery query, bool allowsUnlisted)
    {
        var namesTypes = false;
        for (var i = 0; i < query.Items.Count; i++)
        {
            if (query.Items[i].ClrTypes.Count > 0) return false;
            namesTypes |= query.Items[i].Types.Count > 0;
        }

        if (!namesTypes) return true;
        if (!types.NamesAreStoredNames) return false;
        if (!allowsUnlisted) ThrowIfUnlisted(types, query);
        return true;
    }

    private static void ThrowIfUnlisted(EventTypes types, EventQuery query)
    {
        for (var i = 0; i < query.Items.Count; i++)
        {
            var item = query.Items[i];
            for (var n = 0; n < item.Types.Count && !item.AllowsUnlistedTypes; n++) types.ThrowIfUnlisted(item.Types[n]);
        }
    }

    /// <summary>The item with the stored names of its types.</summary>
    private static EventQueryItem Name(EventQueryItem item, EventTypes types) =>
        item.ClrTypes.Count == 0
            ? item
            : new EventQueryItem(item.ClrTypes.Select(type => types.Get(type).Name), item.Tags, item.StreamPrefix);

    private static EventQueryItem Rename(EventQueryItem item, Func<string, IReadOnlyList<string>> namesOf) =>
        item.Types.Count == 0 ? item : new EventQueryItem(item.Types.SelectMany(namesOf), item.Tags, item.StreamPrefix);

    private static EventQuery Narrow(EventQuery query, string prefix) => query.IsAll
        ? EventQuery.InStreams(prefix)
        : EventQuery.Any(query.Items
            .Where(item => item.StreamPrefix is null || prefix.StartsWith(item.StreamPrefix, StringComparison.Ordinal))
            .Select(item => new EventQueryItem(item.Types, item.Tags, prefix)));
}
