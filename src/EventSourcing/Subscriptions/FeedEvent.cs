namespace EventSourcing;

/// <summary>
/// An event as a consumer gets it: decoded, or what is known of an event that cannot be decoded. An event that an upcaster has split is one
/// event with several parts: they share a position, and either all or none of them are handled.
/// </summary>
internal readonly struct FeedEvent
{
    private readonly object _content; // the event, the parts or what cannot be decoded

    private FeedEvent(object content) => _content = content;

    /// <summary>The event; null if it has parts, or could not be decoded.</summary>
    public RecordedEvent? Recorded => _content as RecordedEvent;

    /// <summary>Why it could not be decoded; null if it could.</summary>
    public EventSourcingException? Failure => (_content as UndecodableEvent)?.Failure;

    /// <summary>The number of parts: 1 for an event that was not split, 0 for one that could not be decoded.</summary>
    public int PartCount => _content is RecordedEvent ? 1 : _content is RecordedEvent[] parts ? parts.Length : 0;

    public long Position => _content is UndecodableEvent undecodable ? undecodable.Position : Part(0).Position;

    public string Stream => _content is UndecodableEvent undecodable ? undecodable.Stream : Part(0).Stream;

    public string Type => _content switch
    {
        RecordedEvent recorded => recorded.Type,
        RecordedEvent[] parts => string.Join(", ", parts.Select(part => part.Type).Distinct(StringComparer.Ordinal)),
        _ => ((UndecodableEvent)_content).Type,
    };

    public RecordedEvent Part(int index) => _content as RecordedEvent ?? ((RecordedEvent[])_content)[index];

    /// <summary>Adds the parts of it that match a filter.</summary>
    public void AddTo(List<FeedEvent> events, EventFilter filter)
    {
        if (_content is RecordedEvent[] parts)
        {
            var matching = Array.FindAll(parts, filter.Matches);
            if (matching.Length > 0) events.Add(matching.Length == parts.Length ? this : new FeedEvent(matching));
        }
        else if (_content is RecordedEvent recorded ? Matches(recorded, filter) : ((UndecodableEvent)_content).Matches(filter.Stored))
        {
            events.Add(this);
        }
    }

    /// <summary>
    /// It is unknown as what an erased event would have been read, so it matches everything that its stored name may stand for.
    /// </summary>
    private static bool Matches(RecordedEvent e, EventFilter filter) =>
        e.Data is ErasedEvent erased ? filter.Stored.Matches(erased.Type, e.Stream, e.Tags) : filter.Matches(e);

    /// <summary>
    /// Decodes an event that the storage has found by a filter. Adds it, unless upcasters made nothing of it that matches. If it cannot be
    /// decoded, the consumer decides what to do.
    /// </summary>
    public static void AddTo(List<FeedEvent> events, EventStore store, in StoredEvent stored, EventFilter filter)
    {
        try
        {
            var parts = store.EventReader.Decode(stored, UnknownEvents.Throw, filter);
            if (parts.Several is null) events.Add(new FeedEvent(parts[0]));
            else if (parts.Count > 0) events.Add(new FeedEvent(parts.Several));
        }
        catch (EventSourcingException failure)
        {
            events.Add(new FeedEvent(new UndecodableEvent(stored, failure)));
        }
    }
}

/// <summary>An event that cannot be decoded.</summary>
internal sealed class UndecodableEvent(in StoredEvent stored, EventSourcingException failure)
{
    private readonly IReadOnlyList<string> _tags = stored.Tags;

    public long Position { get; } = stored.Position;

    public string Stream { get; } = stored.Stream;

    public string Type { get; } = stored.Type;

    public EventSourcingException Failure => failure;

    public bool Matches(EventQuery filter) => filter.Matches(Type, Stream, _tags);
}

/// <summary>Consecutive events of a log that match a filter.</summary>
/// <param name="After">The position after which they begin.</param>
/// <param name="Events">The events.</param>
/// <param name="Next">The position up to which everything was examined, including what the filter left out.</param>
/// <param name="IsEnd">Whether that was the end of the log.</param>
internal sealed record FeedPage(long After, IReadOnlyList<FeedEvent> Events, long Next, bool IsEnd)
{
    /// <summary>The id of the event at <see cref="Next"/>, if the page has seen it.</summary>
    public Guid? IdAtNext { get; init; }

    /// <summary>The part of this page after a position.</summary>
    public FeedPage From(long after)
    {
        if (after == After) return this;
        var first = 0;
        while (first < Events.Count && Events[first].Position <= after) first++;
        return this with { After = after, Events = [.. Events.Skip(first)] };
    }

    /// <summary>The first events of this page, up to a number.</summary>
    public FeedPage Limited(int maxEvents) =>
        Events.Count <= maxEvents
            ? this
            : this with { Events = [.. Events.Take(maxEvents)], Next = Events[maxEvents - 1].Position, IdAtNext = null, IsEnd = false };

    /// <summary>The part of this page that a narrower filter matches.</summary>
    public FeedPage Filtered(EventFilter filter)
    {
        if (filter.Current.IsAll) return this;
        var events = new List<FeedEvent>(Events.Count);
        foreach (var e in Events) e.AddTo(events, filter);
        return this with { Events = events };
    }
}
