namespace EventSourcing.Explorer.Tests.Bank;

/// <summary>Counts what is read of the log through it.</summary>
public sealed class CountingStorage(IEventStorage inner) : IEventStorage
{
    private long _events;

    /// <summary>How many events were read.</summary>
    public long Events => Interlocked.Read(ref _events);

    public IStorageCatalog Catalog => inner.Catalog;

    public bool IsReadOnly => inner.IsReadOnly;

    public ILedgerStorage Ledger => inner.Ledger;

    public EventStorageOptions Options => inner.Options;

    public IReadModelStorage ReadModels => inner.ReadModels;

    public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) =>
        inner.AppendAsync(request, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) => inner.GetHeadAsync(cancellationToken);

    public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) =>
        inner.GetPositionAsync(eventId, cancellationToken);

    public async ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) =>
        Count(await inner.ReadLogAsync(read, cancellationToken));

    public async ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) =>
        Count(await inner.ReadStreamAsync(read, cancellationToken));

    public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) =>
        inner.WaitForEventsAsync(position, cancellationToken);

    private EventPage Count(EventPage page)
    {
        Interlocked.Add(ref _events, page.Count);
        return page;
    }
}
