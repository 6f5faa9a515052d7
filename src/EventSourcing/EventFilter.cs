namespace EventSourcing;

/// <summary>
/// A query in two forms: as it is meant, by the names of today, and as the storage is asked, by all names under which
/// such events may be stored. The storage decides by the second; where an upcaster has made several events of one, or
/// others, the first decides about those. Where names are stored as they are called, both are the one object.
/// </summary>
internal sealed class EventFilter
{
    private EventFilter(EventQuery today, EventQuery stored)
    {
        Today = today;
        Stored = stored;
    }

    public static EventFilter All { get; } = new(EventQuery.All, EventQuery.All);

    public EventQuery Today { get; }

    public EventQuery Stored { get; }

    /// <param name="types">The store's types.</param>
    /// <param name="query">The query.</param>
    /// <param name="allowsUnlisted">Whether it may name types that are not among these.</param>
    /// <exception cref="ArgumentException">It names one that is not, and must not.</exception>
    public static EventFilter Of(EventTypes types, EventQuery query, bool allowsUnlisted = false)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (query.Items.All(item => item.Types.Count == 0)) return new EventFilter(query, query);
        var named = query.Items.Any(item => item.ClrTypes.Count > 0) ? EventQuery.Any(query.Items.Select(item => Name(item, types))) : query;
        if (!allowsUnlisted)
        {
            foreach (var item in named.Items)
            {
                for (var i = 0; i < item.Types.Count && !item.AllowsUnlistedTypes; i++) types.ThrowIfUnlisted(item.Types[i]);
            }
        }

        if (types.NamesAreStoredNames) return new EventFilter(named, named);
        var today = EventQuery.Any(named.Items.Select(item => Rename(item, types.TodayNamesOf)));
        var stored = EventQuery.Any(today.Items.Select(item => Rename(item, types.StoredNamesOf)));
        return new EventFilter(today, stored);
    }

    public bool Matches(RecordedEvent e) => Today.Matches(e.Type, e.Stream, e.Tags);

    public EventFilter Or(EventFilter other) => new(Today.Or(other.Today), Stored.Or(other.Stored));

    /// <summary>What of it may be in streams whose names begin so.</summary>
    public EventFilter InStreams(string prefix) => new(Narrow(Today, prefix), Narrow(Stored, prefix));

    /// <summary>The item with the names that the store has for the types.</summary>
    private static EventQueryItem Name(EventQueryItem item, EventTypes types) =>
        item.ClrTypes.Count == 0 ? item : new EventQueryItem(item.ClrTypes.Select(type => types.Get(type).Name), item.Tags, item.StreamPrefix);

    private static EventQueryItem Rename(EventQueryItem item, Func<string, IReadOnlyList<string>> namesOf) =>
        item.Types.Count == 0 ? item : new EventQueryItem(item.Types.SelectMany(namesOf), item.Tags, item.StreamPrefix);

    private static EventQuery Narrow(EventQuery query, string prefix) => query.IsAll
        ? EventQuery.InStreams(prefix)
        : EventQuery.Any(query.Items
            .Where(item => item.StreamPrefix is null || prefix.StartsWith(item.StreamPrefix, StringComparison.Ordinal))
            .Select(item => new EventQueryItem(item.Types, item.Tags, prefix)));
}
