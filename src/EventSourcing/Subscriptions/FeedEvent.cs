namespace EventSourcing;

/// <summary>An event as a consumer gets it: decoded, or what is known of one that cannot be.</summary>
internal readonly struct FeedEvent
{
    private readonly object _content;

    public FeedEvent(RecordedEvent recorded) => _content = recorded;

    public FeedEvent(UndecodableEvent undecodable) => _content = undecodable;

    /// <summary>The event, or null where it could not be decoded.</summary>
    public RecordedEvent? Recorded => _content as RecordedEvent;

    /// <summary>Why it could not be decoded, or null where it could.</summary>
    public EventSourcingException? Failure => (_content as UndecodableEvent)?.Failure;

    public long Position => _content is RecordedEvent recorded ? recorded.Position : ((UndecodableEvent)_content).Position;

    public string Stream => _content is RecordedEvent recorded ? recorded.Stream : ((UndecodableEvent)_content).Stream;

    public string Type => _content is RecordedEvent recorded ? recorded.Type : ((UndecodableEvent)_content).Type;

    public bool Matches(EventQuery filter) => _content is RecordedEvent recorded
        ? filter.Matches(recorded.Type, recorded.Stream, recorded.Tags)
        : ((UndecodableEvent)_content).Matches(filter);

    /// <summary>Decodes a stored event; what cannot be decoded is the consumer's to deal with.</summary>
    public static FeedEvent Decode(EventStore store, in StoredEvent stored)
    {
        try
        {
            return new FeedEvent(store.Decode(stored, UnknownEvents.Throw));
        }
        catch (EventSourcingException failure)
        {
            return new FeedEvent(new UndecodableEvent(stored, failure));
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

/// <summary>Events that follow on each other in a log, as far as a filter lets them through.</summary>
/// <param name="After">The position after which they begin.</param>
/// <param name="Events">The events.</param>
/// <param name="Next">The position up to which all was examined, also what the filter left out.</param>
/// <param name="IsEnd">Whether that was the end of the log.</param>
internal sealed record FeedPage(long After, IReadOnlyList<FeedEvent> Events, long Next, bool IsEnd)
{
    /// <summary>What lies after a position in this page.</summary>
    public FeedPage From(long after)
    {
        if (after == After) return this;
        var first = 0;
        while (first < Events.Count && Events[first].Position <= after) first++;
        return this with { After = after, Events = [.. Events.Skip(first)] };
    }

    /// <summary>No more than some events of this page.</summary>
    public FeedPage Limited(int maxEvents) =>
        Events.Count <= maxEvents ? this : this with { Events = [.. Events.Take(maxEvents)], Next = Events[maxEvents - 1].Position, IsEnd = false };

    /// <summary>What a narrower filter leaves.</summary>
    public FeedPage Filtered(EventQuery filter) => filter.IsAll ? this : this with { Events = [.. Events.Where(e => e.Matches(filter))] };
}
