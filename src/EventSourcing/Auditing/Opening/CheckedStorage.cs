namespace EventSourcing;

/// <summary>
/// A storage that serves nothing before it was compared with the checkpoints of its log, and nothing at all if it disagrees
/// with them. After the comparison, calls go straight through.
/// </summary>
internal sealed class CheckedStorage(IEventStorage inner, Checkpointer checkpointer) : IEventStorage
{
    public EventStorageOptions Options => inner.Options;

    public bool IsReadOnly => inner.IsReadOnly;

    public IReadModelStorage ReadModels { get; } = new CheckedReadModels(inner.ReadModels, checkpointer);

    public ILedgerStorage Ledger { get; } = new CheckedLedger(inner.Ledger, checkpointer);

    public IStorageCatalog Catalog { get; } = new CheckedCatalog(inner.Catalog, checkpointer);

    public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) => checkpointer.IsOpen
        ? inner.AppendAsync(request, cancellationToken)
        : checkpointer.OpenedAsync((inner, request), static (of, ct) => of.inner.AppendAsync(of.request, ct), cancellationToken);

    public ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) => checkpointer.IsOpen
        ? inner.ImportAsync(request, cancellationToken)
        : checkpointer.OpenedAsync((inner, request), static (of, ct) => of.inner.ImportAsync(of.request, ct), cancellationToken);

    public ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) => checkpointer.IsOpen
        ? inner.ReadStreamAsync(read, cancellationToken)
        : checkpointer.OpenedAsync((inner, read), static (of, ct) => of.inner.ReadStreamAsync(of.read, ct), cancellationToken);

    public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) => checkpointer.IsOpen
        ? inner.ReadLogAsync(read, cancellationToken)
        : checkpointer.OpenedAsync((inner, read), static (of, ct) => of.inner.ReadLogAsync(of.read, ct), cancellationToken);

    public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) => checkpointer.IsOpen
        ? inner.GetHeadAsync(cancellationToken)
        : checkpointer.OpenedAsync(inner, static (inner, ct) => inner.GetHeadAsync(ct), cancellationToken);

    public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) => checkpointer.IsOpen
        ? inner.GetPositionAsync(eventId, cancellationToken)
        : checkpointer.OpenedAsync((inner, eventId), static (of, ct) => of.inner.GetPositionAsync(of.eventId, ct), cancellationToken);

    public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) => checkpointer.IsOpen
        ? inner.WaitForEventsAsync(position, cancellationToken)
        : checkpointer.OpenedAsync((inner, position), static (of, ct) => of.inner.WaitForEventsAsync(of.position, ct), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        checkpointer.Dispose();
    }
}
