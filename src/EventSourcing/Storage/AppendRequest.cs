using System.Text.Json;

namespace EventSourcing.Storage;

/// <summary>What one append commits, and what must hold for it: rule 3 of <see cref="IEventStorage"/>.</summary>
/// <param name="Writes">Streams with their events and expectations, each stream once; positions follow this order.</param>
public sealed record AppendRequest(IReadOnlyList<StreamWrite> Writes)
{
    /// <summary>Further guards: each says that no event after a position matches a query.</summary>
    public IReadOnlyList<AppendCondition> Conditions { get; init; } = [];

    /// <summary>
    /// Positions of events whose payloads are erased in the same transaction: rule 6 of <see cref="IEventStorage"/>. They are
    /// exactly those that the <see cref="PayloadsErased"/> events of this append name. An event that is erased already stays
    /// erased.
    /// </summary>
    public IReadOnlyList<long> Erase { get; init; } = [];

    /// <summary>
    /// Read models to change in the same transaction, or <see langword="null"/>. Called under the lock that orders commits,
    /// once all guards have held; not called if the events are stored already. If it throws, the append is refused and nothing
    /// is written. It must wait only for the transaction that it is given.
    /// </summary>
    public Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>>? ReadModels { get; init; }

    /// <summary>The number of events in all writes.</summary>
    public int EventCount
    {
        get
        {
            var count = 0;
            for (var i = 0; i < Writes.Count; i++) count += Writes[i].Events.Count;
            return count;
        }
    }

    /// <summary>Throws if the request breaks a rule or a limit. Every storage calls this before anything else.</summary>
    /// <param name="limits">The limits in force.</param>
    /// <exception cref="ArgumentException">Says what is wrong with which event or stream.</exception>
    public void Validate(EventStorageLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(Writes);
        ArgumentNullException.ThrowIfNull(Conditions);
        ArgumentNullException.ThrowIfNull(Erase);
        for (var w = 0; w < Writes.Count; w++) ArgumentNullException.ThrowIfNull(Writes[w].Events, nameof(Writes));
        var count = EventCount;
        if (count == 0) throw new ArgumentException("An append needs at least one event; this one has none.", nameof(Writes));
        if (count > limits.MaxEventsPerAppend)
            throw new ArgumentException(
                $"The append has {count} events; the limit is {limits.MaxEventsPerAppend}. Split it, "
                + "or raise EventStorageLimits.MaxEventsPerAppend.",
                nameof(Writes));

        var streams = Writes.Count > 1 ? new HashSet<string>(Writes.Count, StringComparer.Ordinal) : null;
        var ids = count > 1 ? new HashSet<Guid>(count) : null;
        List<long>? recorded = null;
        for (var w = 0; w < Writes.Count; w++)
        {
            var write = Writes[w];
            Names.ThrowIfInvalid(write.Stream, "A stream's name", nameof(Writes));
            if (streams?.Add(write.Stream) == false)
                throw new ArgumentException(
                    $"Stream '{write.Stream}' is named twice in one append. Name it once, with all its events.", nameof(Writes));
            for (var e = 0; e < write.Events.Count; e++)
            {
                write.Events[e].Validate(limits, write.Stream);
                if (ids?.Add(write.Events[e].Id) == false)
                    throw new ArgumentException(
                        $"Two events of one append have the id {write.Events[e].Id}. Ids are unique in the store.", nameof(Writes));
                if (write.Events[e].Type == PayloadsErased.TypeName) (recorded ??= []).AddRange(RecordIn(write, e).Positions);
                else if (write.Stream == PayloadsErased.StreamName) throw OtherThanRecord(write.Events[e].Type);
            }
        }

        if (recorded is not null || Erase.Count > 0) ValidateErasure(recorded ?? []);
        foreach (var condition in Conditions)
        {
            ArgumentNullException.ThrowIfNull(condition.Query, nameof(Conditions));
            ArgumentOutOfRangeException.ThrowIfNegative(condition.After, nameof(Conditions));
        }
    }

    private static ArgumentException OtherThanRecord(string type) => new(
        $"An event '{Names.Printable(type)}' is to be appended to '{PayloadsErased.StreamName}', the library's own stream, "
        + $"which holds records of erased payloads ('{PayloadsErased.TypeName}') alone. Append it to a stream of your own.",
        nameof(Writes));

    private static PayloadsErased RecordIn(StreamWrite write, int index)
    {
        if (write.Stream != PayloadsErased.StreamName)
            throw new ArgumentException(
                $"An event '{PayloadsErased.TypeName}' is to be appended to '{write.Stream}'. Records of erased payloads stand in the "
                + $"stream '{PayloadsErased.StreamName}'.",
                nameof(Writes));
        try
        {
            return PayloadsErased.Parse(write.Events[index].Data.Span);
        }
        catch (JsonException flaw)
        {
            throw new ArgumentException($"An event '{PayloadsErased.TypeName}' is not one: {flaw.Message}", nameof(Writes), flaw);
        }
    }

    /// <summary>Checks that exactly the recorded payloads are erased.</summary>
    private void ValidateErasure(List<long> recorded)
    {
        var erased = new HashSet<long>(Erase.Count);
        foreach (var position in Erase)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(position, nameof(Erase));
            if (!erased.Add(position))
                throw new ArgumentException($"Position {position} is to be erased twice in one append. Name it once.", nameof(Erase));
        }

        if (recorded.Count != erased.Count || !erased.SetEquals(recorded))
            throw new ArgumentException(
                $"The append erases {erased.Count} payloads, and its '{PayloadsErased.TypeName}' events name {recorded.Count} positions, "
                + "which are not the same. What an append erases it records, each position once.",
                nameof(Erase));
    }
}

/// <summary>Events for one stream, or a check of it.</summary>
/// <param name="Stream">The stream's name.</param>
/// <param name="Expected">What is expected of the stream before these events.</param>
/// <param name="Events">The events in order; none to only check the stream.</param>
public readonly record struct StreamWrite(string Stream, ExpectedVersion Expected, IReadOnlyList<NewEvent> Events);

/// <summary>An event to store, with its content as bytes.</summary>
public readonly record struct NewEvent
{
    private readonly IReadOnlyList<string>? _tags;

    /// <summary>Creates the event.</summary>
    /// <param name="id">Its id, unique in the store; not empty.</param>
    /// <param name="type">The stored name of its type.</param>
    /// <param name="data">Its payload.</param>
    public NewEvent(Guid id, string type, ReadOnlyMemory<byte> data)
    {
        Id = id;
        Type = type;
        Data = data;
    }

    /// <summary>The event's id.</summary>
    public Guid Id { get; }

    /// <summary>The stored name of the event's type.</summary>
    public string Type { get; }

    /// <summary>The payload.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>The metadata; empty if there is none.</summary>
    public ReadOnlyMemory<byte> Metadata { get; init; }

    /// <summary>The tags, without repeats.</summary>
    /// <exception cref="ArgumentException">A tag is empty, too long or contains U+0000 or a lone surrogate.</exception>
    public IReadOnlyList<string> Tags
    {
        get => _tags ?? [];
        init => _tags = DistinctTags(value);
    }

    internal void Validate(EventStorageLimits limits, string stream)
    {
        Names.ThrowIfInvalid(Type, "An event type's name");
        if (Id == Guid.Empty) throw new ArgumentException($"An event '{Type}' for stream '{stream}' has an empty id.");
        if (Data.Length > limits.MaxDataBytes)
            throw new ArgumentException(
                $"An event '{Type}' for stream '{stream}' has {Data.Length} bytes of data; the limit is {limits.MaxDataBytes}. "
                + "Keep large content elsewhere and its address in the event, or raise EventStorageLimits.MaxDataBytes.");
        if (Metadata.Length > limits.MaxMetadataBytes)
            throw new ArgumentException(
                $"An event '{Type}' for stream '{stream}' has {Metadata.Length} bytes of metadata; "
                + $"the limit is {limits.MaxMetadataBytes}, see EventStorageLimits.MaxMetadataBytes.");
        if (Tags.Count > limits.MaxTagsPerEvent)
            throw new ArgumentException(
                $"An event '{Type}' for stream '{stream}' has {Tags.Count} tags; the limit is {limits.MaxTagsPerEvent}, "
                + "see EventStorageLimits.MaxTagsPerEvent.");
    }

    private static string[] DistinctTags(IReadOnlyList<string> tags)
    {
        ArgumentNullException.ThrowIfNull(tags);
        if (tags.Count == 0) return [];
        foreach (var tag in tags) Names.ThrowIfInvalidKey(tag, "A tag", nameof(tags));
        return tags.Distinct(StringComparer.Ordinal).ToArray();
    }
}
