namespace EventSourcing.Tests.Testing;

/// <summary>A right storage, but for what a fault overrides.</summary>
internal abstract class FaultyStorage(EventStorageOptions options) : IEventStorage
{
    protected InMemoryEventStorage Inner { get; init; } = new(options);

    public EventStorageOptions Options => options;

    public virtual IReadModelStorage ReadModels => Inner.ReadModels;

    public virtual ILedgerStorage Ledger => Inner.Ledger;

    public virtual IStorageCatalog Catalog => Inner.Catalog;

    public virtual ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) => Inner.AppendAsync(request, cancellationToken);

    public virtual ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) =>
        Inner.ImportAsync(request, cancellationToken);

    public virtual ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) => Inner.ReadStreamAsync(read, cancellationToken);

    public virtual ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) => Inner.ReadLogAsync(read, cancellationToken);

    public virtual ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) => Inner.GetHeadAsync(cancellationToken);

    public virtual ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) => Inner.GetPositionAsync(eventId, cancellationToken);

    public virtual ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) => Inner.GetMovedToAsync(cancellationToken);

    public virtual ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) =>
        Inner.SetMovedToAsync(movedTo, head, cancellationToken);

    public virtual ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) => Inner.WaitForEventsAsync(position, cancellationToken);

    public virtual ValueTask DisposeAsync() => Inner.DisposeAsync();

    protected static AppendRequest Map(AppendRequest request, Func<StreamWrite, NewEvent, NewEvent> map) =>
        request with { Writes = [.. request.Writes.Select(w => w with { Events = [.. w.Events.Select(e => map(w, e))] })] };

    protected static StoredEvent With(in StoredEvent e, long? position = null, string? stream = null, Guid? id = null, DateTimeOffset? at = null, ReadOnlyMemory<byte>? data = null, ReadOnlyMemory<byte>? metadata = null) => e with
    {
        Position = position ?? e.Position,
        Stream = stream ?? e.Stream,
        Id = id ?? e.Id,
        RecordedAt = at ?? e.RecordedAt,
        Data = data ?? e.Data,
        Metadata = metadata ?? e.Metadata,
    };

    /// <summary>The page as a fault would have it; the events' memory is the in-memory storage's own and stays.</summary>
    protected static EventPage Remake(EventPage page, Func<StoredEvent, StoredEvent?> map, Func<EventPage, long>? next = null, bool reverse = false)
    {
        using (page)
        {
            var remade = new EventPage();
            var events = page.Events.ToArray();
            if (reverse) Array.Reverse(events);
            foreach (var e in events)
            {
                if (map(e) is { } kept) remade.Add(kept);
            }

            remade.Complete(next?.Invoke(page) ?? page.Next, page.IsEnd, page.Head);
            return remade;
        }
    }
}

/// <summary>A storage whose reads return events other than they are stored.</summary>
internal abstract class ReadsOtherwise(EventStorageOptions options) : FaultyStorage(options)
{
    public override async ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) =>
        Remake(await base.ReadStreamAsync(read, cancellationToken), e => Read(e));

    public override async ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) =>
        Remake(await base.ReadLogAsync(read, cancellationToken), e => Read(e));

    protected abstract StoredEvent? Read(StoredEvent e);
}

/// <summary>A storage that has its own idea of which events match a query, in reads and in conditions.</summary>
internal abstract class MatchesOtherwise(EventStorageOptions options) : FaultyStorage(options)
{
    private readonly SemaphoreSlim _lock = new(1);

    public override async ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default)
    {
        read.Validate();
        if (read.Filter.IsAll) return await Inner.ReadLogAsync(read, cancellationToken);
        using var all = await Inner.ReadLogAsync(read with { Filter = EventQuery.All, Limit = int.MaxValue }, cancellationToken);
        var page = new EventPage();
        foreach (var e in all.Events)
        {
            if (!Matches(read.Filter, e)) continue;
            page.Add(e);
            if (page.Count < read.Limit) continue;
            page.Complete(read.Direction == ReadDirection.Forwards ? e.Position : e.Position - 1, isEnd: false, all.Head);
            return page;
        }

        page.Complete(all.Next, all.IsEnd, all.Head);
        return page;
    }

    public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
    {
        request.Validate(Options.Limits);
        await _lock.WaitAsync(cancellationToken);
        try
        {
            foreach (var condition in request.Conditions) await CheckAsync(condition, request);
            return await Inner.AppendAsync(request with { Conditions = [] }, cancellationToken);
        }
        finally
        {
            _lock.Release();
        }
    }

    protected abstract bool Matches(EventQuery query, StoredEvent e);

    protected virtual async Task CheckAsync(AppendCondition condition, AppendRequest request)
    {
        using var page = await ReadLogAsync(new LogRead { After = condition.After, Filter = condition.Query, Limit = 1 });
        if (page.Count > 0) throw new AppendConditionFailedException(condition, page.Events[0].Position);
    }
}
