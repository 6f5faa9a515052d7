namespace EventSourcing;

/// <summary>
/// Reads the log for several consumers. Consumers that are level with its end share one read and one decoding. A consumer that lags behind
/// has reads of its own, by its own filter. Thread-safe.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="filter">The events that any of the consumers looks at.</param>
internal sealed class LogFeed(EventStore store, EventFilter filter) : IDisposable
{
    /// <summary>How far behind the end a consumer may be and still share.</summary>
    private const int SharedReach = 512;

    /// <summary>The capacity given to a list of events if there is more than one page.</summary>
    private const int GrownEvents = 16_384;

    private readonly SemaphoreSlim _reading = new(1, 1);
    private SharedPage? _shared;

    /// <summary>How often the shared page was read from the storage.</summary>
    public long SharedReads { get; private set; }

    public void Dispose() => _reading.Dispose();

    /// <summary>Reads the events after a position, without waiting for more.</summary>
    /// <param name="after">The position.</param>
    /// <param name="own">The events that this consumer looks at.</param>
    /// <param name="maxEvents">The most events to return.</param>
    /// <param name="maxBytes">The most bytes to read; exceeded by at most a page.</param>
    /// <param name="since">
    /// <see cref="SharedReads"/> when the consumer began. It gets no page that was read before: payloads may have been erased since, and a
    /// rebuild after an erasure must not find them again.
    /// </param>
    /// <param name="cancellationToken">Cancels the read.</param>
    public async ValueTask<FeedPage> ReadAsync(
        long after, EventFilter own, int maxEvents, long maxBytes, long since, CancellationToken cancellationToken)
    {
        if (_shared is { } known && known.IsFor(after, since)) return known.Page.From(after).Filtered(own).Limited(maxEvents);
        var head = await store.Storage.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        if (head <= after) return new FeedPage(after, [], after, IsEnd: true);
        return head - after <= SharedReach
            ? (await ReadSharedAsync(after, since, cancellationToken).ConfigureAwait(false)).From(after).Filtered(own).Limited(maxEvents)
            : await ReadOwnAsync(after, own, maxEvents, maxBytes, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<FeedPage> ReadSharedAsync(long after, long since, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // The first caller has read for all that waited.
            if (_shared is { } known && known.IsFor(after, since)) return known.Page;
            var number = ++SharedReads;
            var page = await ReadOwnAsync(after, filter, SharedReach, EventPage.MaxBytes, cancellationToken).ConfigureAwait(false);
            _shared = new SharedPage(page, number);
            return page;
        }
        finally
        {
            _reading.Release();
        }
    }

    private async ValueTask<FeedPage> ReadOwnAsync(
        long after, EventFilter own, int maxEvents, long maxBytes, CancellationToken cancellationToken)
    {
        var events = new List<FeedEvent>();
        var read = new LogRead { After = after, Filter = own.Stored };
        for (long bytes = 0; ;)
        {
            using var page = await store.Storage.ReadLogAsync(
                read with { Limit = Math.Min(EventPage.DefaultLimit, maxEvents - events.Count) }, cancellationToken).ConfigureAwait(false);
            // If one page is not the last, usually many follow, and a list that grows to that size creates several large objects.
            if (!page.IsEnd) events.EnsureCapacity(Math.Min(maxEvents, GrownEvents));
            for (var i = 0; i < page.Count; i++) FeedEvent.AddTo(events, store, page.Events[i], own);
            bytes += page.CopiedBytes;
            read = read with { After = page.Next };
            if (page.IsEnd || events.Count >= maxEvents || bytes >= maxBytes || read.After - after >= MaxPositionsPerRead)
                return new FeedPage(after, events, read.After, page.IsEnd)
                {
                    IdAtNext = page.Count > 0 && page.Events[^1].Position == page.Next ? page.Events[^1].Id : null,
                };
        }
    }

    /// <summary>How many positions one read covers: a filter that matches little must not hide its progress for minutes.</summary>
    private const long MaxPositionsPerRead = 1_000_000;

    private sealed record SharedPage(FeedPage Page, long Number)
    {
        public bool IsFor(long after, long since) => Number > since && after >= Page.After && after < Page.Next;
    }
}
