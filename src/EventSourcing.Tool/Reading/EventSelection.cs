namespace EventSourcing.Tool;

/// <summary>Is given each selected event; its memory is valid during the call.</summary>
internal delegate void EventVisitor(in StoredEvent stored);

/// <summary>
/// Which events to read: of one stream or of the log. Events are read as they are stored, so no type of the app is needed.
/// </summary>
internal sealed record EventSelection
{
    /// <summary>The stream; null for the log.</summary>
    public string? Stream { get; init; }

    public EventQuery Filter { get; init; } = EventQuery.All;

    /// <summary>Only events after this position, or after this version of the stream.</summary>
    public long After { get; init; }

    public PointInTime? AsOf { get; init; }

    public long Limit { get; init; } = long.MaxValue;

    public bool Backwards { get; init; }

    public bool WithSeals { get; init; }

    /// <summary>A query of the events that have one of some types, all of some tags, and a beginning of the stream's name.</summary>
    public static EventQuery Query(string[] types, string[] tags, string? prefix) => types.Length == 0 && tags.Length == 0 && prefix is null
        ? EventQuery.All
        : EventQuery.Any(
            new EventQueryItem(types.Length == 0 ? null : types, tags.Length == 0 ? null : tags, prefix) { AllowsUnlistedTypes = true });

    /// <summary>Reads the events, page by page.</summary>
    /// <param name="store">The store.</param>
    /// <param name="visit">Is given each event.</param>
    /// <param name="pageEnded">Is called after each page, for example to flush the output.</param>
    /// <param name="cancellationToken">Cancels between pages.</param>
    /// <returns>How many there were.</returns>
    public async Task<long> ForEachAsync(EventStore store, EventVisitor visit, Action pageEnded, CancellationToken cancellationToken)
    {
        var upTo = AsOf is null or { Version: not null } ? long.MaxValue : await AsOf.PositionIn(store, cancellationToken);
        if (Stream is null && AsOf?.Version is not null) await AsOf.PositionIn(store, cancellationToken);
        var (low, high) = (After, Stream is null ? upTo : AsOf?.Version ?? long.MaxValue);
        var count = 0L;
        var isEnd = false;
        while (!isEnd && count < Limit && low < high)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var page = await ReadPageAsync(store.Storage, low, high, upTo, Limit - count, cancellationToken);
            foreach (ref readonly var stored in page.Events)
            {
                if (Stream is not null && !Filter.Matches(stored.Type, stored.Stream, stored.Tags)) continue;
                if (count == Limit) break;
                visit(in stored);
                count++;
            }

            pageEnded();
            if (Backwards) high = page.Next;
            else low = page.Next;
            isEnd = page.IsEnd;
        }

        return count;
    }

    private ValueTask<EventPage> ReadPageAsync(
        IEventStorage storage, long low, long high, long upToPosition, long wanted, CancellationToken cancellationToken)
    {
        // A stream is filtered here, so a page of it may have fewer events than are wanted.
        var limit = (int)Math.Min(EventPage.DefaultLimit, Stream is null || Filter.IsAll ? wanted : EventPage.DefaultLimit);
        var direction = Backwards ? ReadDirection.Backwards : ReadDirection.Forwards;
        return Stream is null
            ? storage.ReadLogAsync(
                new LogRead { After = low, UpTo = high, Direction = direction, Filter = Filter, Limit = limit, WithSeals = WithSeals },
                cancellationToken)
            : storage.ReadStreamAsync(
                new StreamRead(Stream) { After = low, UpTo = high, UpToPosition = upToPosition, Direction = direction, Limit = limit },
                cancellationToken);
    }
}
