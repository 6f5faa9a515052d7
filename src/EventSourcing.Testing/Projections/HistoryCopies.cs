namespace EventSourcing.Testing;

/// <summary>A log in memory, and stores to fill with it. Every event keeps its id, position and instant.</summary>
internal sealed class HistoryCopies
{
    private readonly EventStore _history;
    private readonly IEventStorageFixture _storages;
    private readonly List<CopiedEvent> _events = [];

    private HistoryCopies(EventStore history, IEventStorageFixture storages)
    {
        _history = history;
        _storages = storages;
    }

    public int Count => _events.Count;

    /// <summary>The position up to which the log was read.</summary>
    public long Head => _events.Count;

    public TimeSpan Patience => _storages.Patience;

    public static async Task<HistoryCopies> ReadAsync(
        EventStore history, IEventStorageFixture storages, CancellationToken cancellationToken)
    {
        var copies = new HistoryCopies(history, storages);
        var head = await history.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var types = history.Types.All.ToDictionary(type => type.StoredName, type => type.ClrType, StringComparer.Ordinal);
        var decoded = history.ReadLogAsync(
            new LogReadOptions { AsOf = AsOf.Position(head), UnknownEvents = UnknownEvents.AsRaw }, cancellationToken);
        var parts = new Dictionary<long, RecordedEvent?>();
        await foreach (var e in decoded.ConfigureAwait(false)) parts[e.Position] = parts.ContainsKey(e.Position) ? null : e;
        var read = new LogRead { UpTo = head };
        for (var isEnd = head == 0; !isEnd;)
        {
            using var page = await history.Storage.ReadLogAsync(read, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < page.Count; i++)
            {
                // An event that upcasters have changed can only be appended again as it is stored.
                var stored = page.Events[i];
                var appended = parts.GetValueOrDefault(stored.Position) is { } e && types.GetValueOrDefault(stored.Type) == e.Data.GetType()
                    ? e
                    : null;
                copies._events.Add(new CopiedEvent(stored.Stream, stored.RecordedAt, Raw(stored), appended));
            }

            read = read with { After = page.Next };
            isEnd = page.IsEnd;
        }

        return copies;
    }

    /// <summary>Opens an empty store with the types and JSON of the history. It signs nothing and notifies nobody.</summary>
    /// <param name="inline">What runs inline on it; null if nothing does.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    public async Task<CopiedStore> OpenAsync(Projection? inline, CancellationToken cancellationToken)
    {
        var clock = new ManualClock();
        var options = new EventStorageOptions { TimeProvider = clock, Limits = _history.Storage.Options.Limits };
        var storage = await _storages.CreateAsync(options, cancellationToken).ConfigureAwait(false);
        var store = new EventStoreOptions { Json = _history.Options.Json };
        if (inline is not null) store = store.WithInlineProjections(inline);
        return new CopiedStore(new EventStore(storage, _history.Types, store), clock);
    }

    /// <summary>Appends some of the events directly to the storage, so that nothing happens inline.</summary>
    public async Task AppendRawAsync(CopiedStore to, int first, int count, CancellationToken cancellationToken)
    {
        for (var i = first; i < first + count; i++) await AppendRawAsync(to, _events[i], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Appends some of the events through the store: one by one, or several together that may have been one append originally.
    /// </summary>
    public async Task AppendAsync(CopiedStore to, int first, int count, bool oneByOne, CancellationToken cancellationToken)
    {
        for (int i = first, end = first + count; i < end;)
        {
            if (_events[i].Appended is null)
            {
                await AppendRawAsync(to, _events[i++], cancellationToken).ConfigureAwait(false);
                continue;
            }

            var length = oneByOne ? 1 : LengthOfAppend(i, end);
            var streams = _events.GetRange(i, length).GroupBy(e => e.Stream, StringComparer.Ordinal)
                .Select(stream => new StreamAppend(stream.Key, ExpectedVersion.Any, [.. stream.Select(e => e.ToEventData())]));
            to.Clock.Now = _events[i].RecordedAt;
            await to.Store.AppendAsync([.. streams], cancellationToken: cancellationToken).ConfigureAwait(false);
            i += length;
        }
    }

    /// <summary>
    /// How many events from this one on can have been one append: all have the same instant, and the events of each stream follow
    /// each other.
    /// </summary>
    private int LengthOfAppend(int first, int end)
    {
        var streams = new HashSet<string>(StringComparer.Ordinal);
        var limit = Math.Min(end, first + _history.Storage.Options.Limits.MaxEventsPerAppend);
        var next = first;
        for (; next < limit; next++)
        {
            var e = _events[next];
            var isNewStream = next == first || e.Stream != _events[next - 1].Stream;
            if (e.Appended is null || e.RecordedAt != _events[first].RecordedAt || (isNewStream && !streams.Add(e.Stream))) break;
        }

        return next - first;
    }

    private static async Task AppendRawAsync(CopiedStore to, CopiedEvent e, CancellationToken cancellationToken)
    {
        to.Clock.Now = e.RecordedAt;
        var request = new AppendRequest([new StreamWrite(e.Stream, ExpectedVersion.Any, [e.Raw])]);

        // The erased payload no longer exists in the history either. The copied record erases it in the copy, as a store requires.
        if (e.Raw.Type == PayloadsErased.TypeName) request = request with { Erase = PayloadsErased.Parse(e.Raw.Data.Span).Positions };
        await to.Store.Storage.AppendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private static NewEvent Raw(in StoredEvent e) => new(e.Id, e.Type, e.Data.ToArray()) { Metadata = e.Metadata.ToArray(), Tags = e.Tags };

    /// <summary>A stored event, as bytes and as an object. The object is null if the event can only be appended as bytes.</summary>
    private sealed record CopiedEvent(string Stream, DateTimeOffset RecordedAt, NewEvent Raw, RecordedEvent? Appended)
    {
        public EventData ToEventData() => new(Appended!.Data) { Id = Raw.Id, Metadata = Appended.Metadata, Tags = Raw.Tags };
    }
}

/// <summary>A store to be filled with a history, and the clock that stamps its events.</summary>
internal sealed record CopiedStore(EventStore Store, ManualClock Clock);
