using System.Runtime.CompilerServices;
using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// Reads a storage as events of the app: the one place that turns stored events into objects. Thread-safe.
/// </summary>
internal sealed class EventReader(IEventStorage storage, JsonEventSerializer serializer)
{
    private EventTypes Types => serializer.Types;

    /// <summary>The events of a stream, by version.</summary>
    public async IAsyncEnumerable<RecordedEvent> ReadStreamAsync(
        string stream, StreamReadOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Limit, "options.Limit");
        var all = new StreamRead(stream) { After = options.After, Direction = options.Direction };
        var read = await AsOfAsync(all, options.AsOf, cancellationToken).ConfigureAwait(false);
        await foreach (var page in storage.PagesAheadAsync(read, options.Limit, cancellationToken).ConfigureAwait(false))
        {
            for (var i = 0; i < page.Count; i++)
            {
                var parts = Decode(page.Events[i], options.UnknownEvents, EventFilter.All);
                for (var p = 0; p < parts.Count; p++) yield return PartInOrder(parts, p, read.Direction);
            }
        }
    }

    /// <summary>The events of the log that match a filter, by position.</summary>
    public async IAsyncEnumerable<RecordedEvent> ReadLogAsync(
        LogReadOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Limit, "options.Limit");
        if (options.AsOf.AtVersion is not null)
            throw new ArgumentException("The log has no versions, streams have. Read it as of a position or an instant.", nameof(options));
        var filter = FilterOf(options.Filter, options.UnknownEvents);
        var read = new LogRead { After = options.After, Direction = options.Direction, Filter = filter.Stored };
        if (await PositionOfAsync(options.AsOf, cancellationToken).ConfigureAwait(false) is { } upTo) read = read with { UpTo = upTo };
        await foreach (var page in storage.PagesAheadAsync(read, options.Limit, cancellationToken).ConfigureAwait(false))
        {
            for (var i = 0; i < page.Count; i++)
            {
                var parts = Decode(page.Events[i], options.UnknownEvents, filter);
                for (var p = 0; p < parts.Count; p++) yield return PartInOrder(parts, p, read.Direction);
            }
        }
    }

    /// <summary>Reads all events that a filter matches, in one view of the log.</summary>
    /// <param name="filter">The filter.</param>
    /// <param name="after">The position to read after.</param>
    /// <param name="state">Handed to <paramref name="take"/>.</param>
    /// <param name="take">Folds the next event into a state, and returns the next state.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The last state, and the position up to which no other event matches.</returns>
    public async ValueTask<(TState State, long Head)> FoldAsync<TState>(
        EventFilter filter, long after, TState state, Func<TState, RecordedEvent, TState> take, CancellationToken cancellationToken)
    {
        var read = new LogRead { Filter = filter.Stored, After = after };
        var head = long.MaxValue;
        await foreach (var page in storage.PagesAsync(read, cancellationToken, PageScope.OneView).ConfigureAwait(false))
        {
            head = Math.Min(head, page.Head);
            for (var i = 0; i < page.Count; i++)
            {
                var parts = Decode(page.Events[i], UnknownEvents.Throw, filter);
                for (var p = 0; p < parts.Count; p++) state = take(state, parts[p]);
            }
        }

        return (state, head);
    }

    /// <summary>The position of the last event recorded at or before an instant; 0 if there is none.</summary>
    /// <exception cref="StoreCorruptedException">The log has no event at a position below its head.</exception>
    public async ValueTask<long> PositionAtAsync(DateTimeOffset instant, CancellationToken cancellationToken)
    {
        // Stamps never decrease from one position to the next, so the log itself can be searched by bisection.
        var (atOrBefore, last) = (0L, await storage.GetHeadAsync(cancellationToken).ConfigureAwait(false));
        while (atOrBefore < last)
        {
            var middle = last - ((last - atOrBefore) / 2);
            using var page = await storage.ReadAtAsync(middle, cancellationToken).ConfigureAwait(false);
            if (page.Count == 0)
                throw new StoreCorruptedException(
                    storage.GetType().Name, $"there is no event at position {middle}, though the log goes on after it.");
            if (page.Events[0].RecordedAt <= instant) atOrBefore = middle;
            else last = middle - 1;
        }

        return atOrBefore;
    }

    /// <summary>The position that a point in the past means; null for now.</summary>
    public async ValueTask<long?> PositionOfAsync(AsOf asOf, CancellationToken cancellationToken) =>
        asOf.AtInstant is { } instant ? await PositionAtAsync(instant, cancellationToken).ConfigureAwait(false) : asOf.AtPosition;

    /// <summary>A read, limited to what was stored at a point in the past.</summary>
    public ValueTask<StreamRead> AsOfAsync(StreamRead read, AsOf asOf, CancellationToken cancellationToken) =>
        asOf.AtVersion is { } version ? new(read with { UpTo = version })
        : asOf.AtPosition is { } position ? new(read with { UpToPosition = position })
        : asOf.AtInstant is { } instant ? AsOfAsync(read, instant, cancellationToken)
        : new(read);

    /// <summary>A query in two forms: over current names, and over stored names.</summary>
    /// <exception cref="ArgumentException">
    /// The query names a type that is not in the store's types, and unknown events are not returned as they are.
    /// </exception>
    public EventFilter FilterOf(EventQuery query, UnknownEvents unknownEvents = UnknownEvents.Throw) =>
        EventFilter.Of(Types, query, allowsUnlisted: unknownEvents == UnknownEvents.AsRaw);

    /// <summary>
    /// Decodes an event that the storage has found by a filter. If upcasters make several events of it, only those are returned that the
    /// filter matches by their current names.
    /// </summary>
    public Parts<RecordedEvent> Decode(in StoredEvent stored, UnknownEvents unknownEvents, EventFilter filter)
    {
        var decoder = serializer.Find(stored.Type);
        var isRaw = decoder is null && unknownEvents == UnknownEvents.AsRaw && stored.Type != PayloadsErased.TypeName;
        var data = isRaw ? Unknown(stored) : DecodeData(stored, decoder);
        var metadata = DecodeMetadata(stored);
        if (data.Several is not { } several)
            return new Parts<RecordedEvent>(Record(stored, decoder?.CurrentName ?? stored.Type, data[0], metadata, 0));
        var parts = new List<RecordedEvent>(several.Length);
        for (var i = 0; i < several.Length; i++)
        {
            var part = Record(stored, Types.Get(several[i].GetType()).Name, several[i], metadata, i);
            if (filter.Matches(part)) parts.Add(part);
        }

        return new Parts<RecordedEvent>(parts.ToArray());
    }

    /// <summary>Decodes the payload of an event.</summary>
    public Parts<object> DecodeData(in StoredEvent stored) => DecodeData(stored, serializer.Find(stored.Type));

    private Parts<object> DecodeData(in StoredEvent stored, EventDecoder? decoder)
    {
        if (decoder is null && stored.Type != PayloadsErased.TypeName)
            throw new UnknownEventTypeException(
                stored.Type, stored.Stream, stored.Version, stored.Position, Types.LastVersionBefore(stored.Type));
        if (stored.IsErased) return new Parts<object>(Erased(stored, decoder?.Results ?? []));
        try
        {
            return decoder is null ? new Parts<object>(PayloadsErased.Parse(stored.Data.Span)) : decoder.Decode(stored.Data.Span);
        }
        catch (Exception e)
        {
            throw new EventSerializationException(
                stored.Type,
                stored.Stream,
                stored.Version,
                stored.Position,
                Names.MessageOf(e),
                e is UpcastFailedException ? e.InnerException : e);
        }
    }

    private async ValueTask<StreamRead> AsOfAsync(StreamRead read, DateTimeOffset instant, CancellationToken cancellationToken) =>
        read with { UpToPosition = await PositionAtAsync(instant, cancellationToken).ConfigureAwait(false) };

    private static RecordedEvent PartInOrder(Parts<RecordedEvent> parts, int index, ReadDirection direction) =>
        parts[direction == ReadDirection.Forwards ? index : parts.Count - 1 - index];

    private static Parts<object> Unknown(in StoredEvent stored) =>
        new(stored.IsErased ? Erased(stored, results: []) : new UnknownEvent(stored.Type, stored.Data.ToArray()));

    private static ErasedEvent Erased(in StoredEvent stored, IReadOnlyList<EventType> results) =>
        new(stored.Type, stored.Stream, stored.Version, stored.Position) { Results = results };

    private static RecordedEvent Record(in StoredEvent stored, string type, object data, EventMetadata metadata, int subIndex) =>
        new(stored.Stream, stored.Version, stored.Position, stored.Id, type, stored.RecordedAt, data, metadata, stored.Tags, subIndex);

    internal static EventMetadata DecodeMetadata(in StoredEvent stored)
    {
        try
        {
            return EventMetadata.Parse(stored.Metadata.Span);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new EventSerializationException(
                stored.Type, stored.Stream, stored.Version, stored.Position, $"its metadata: {Names.MessageOf(e)}", e);
        }
    }
}
