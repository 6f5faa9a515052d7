namespace EventSourcing.Explorer.Tests.Bank;

/// <summary>Counts what is read of the log through it, and can hold a verification, or reads of the log.</summary>
public sealed class CountingStorage(IEventStorage inner) : IEventStorage
{
    private long _events;
    private volatile TaskCompletionSource? _held;
    private volatile TaskCompletionSource? _heldReads;
    private long _heldAfter;

    /// <summary>How many events were read.</summary>
    public long Events => Interlocked.Read(ref _events);

    public IStorageCatalog Catalog => inner.Catalog;

    public bool IsReadOnly => inner.IsReadOnly;

    public ILedgerStorage Ledger => new HeldLedger(inner.Ledger, this);

    public EventStorageOptions Options => inner.Options;

    public IReadModelStorage ReadModels => inner.ReadModels;

    public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) =>
        inner.AppendAsync(request, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) => inner.GetHeadAsync(cancellationToken);

    public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) =>
        inner.GetPositionAsync(eventId, cancellationToken);

    public async ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) =>
        Count(await inner.ReadLogAsync(await WaitAsync(read, read.After, cancellationToken), cancellationToken));

    public async ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) =>
        Count(await inner.ReadStreamAsync(await WaitAsync(read, read.After, cancellationToken), cancellationToken));

    public ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) =>
        inner.ImportAsync(request, cancellationToken);

    public ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) => inner.GetMovedToAsync(cancellationToken);

    public ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) =>
        inner.SetMovedToAsync(movedTo, head, cancellationToken);

    public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) =>
        inner.WaitForEventsAsync(position, cancellationToken);

    /// <summary>From now on the audits that a verification consists of wait.</summary>
    public void HoldAudits() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void LetAuditsGo() => Interlocked.Exchange(ref _held, null)?.SetResult();

    /// <summary>From now on reads that begin after a position, or a version of a stream, wait.</summary>
    public void HoldReadsAfter(long place)
    {
        Interlocked.Exchange(ref _heldAfter, place);
        _heldReads = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void LetReadsGo() => Interlocked.Exchange(ref _heldReads, null)?.SetResult();

    private async Task<TRead> WaitAsync<TRead>(TRead read, long after, CancellationToken cancellationToken)
    {
        if (after >= Interlocked.Read(ref _heldAfter) && _heldReads is { } held) await held.Task.WaitAsync(cancellationToken);
        return read;
    }

    private EventPage Count(EventPage page)
    {
        Interlocked.Add(ref _events, page.Count);
        return page;
    }

    private sealed class HeldLedger(ILedgerStorage inner, CountingStorage storage) : ILedgerStorage
    {
        public ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default) => inner.GetFrontierAsync(cancellationToken);

        public ValueTask ReadAsync(int level, long index, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(level, index, hashes, cancellationToken);

        public ValueTask SyncAsync(CancellationToken cancellationToken = default) => inner.SyncAsync(cancellationToken);

        public async ValueTask<LedgerAudit> AuditAsync(long after, int limit = EventPage.DefaultLimit, CancellationToken cancellationToken = default)
        {
            if (storage._held is { } held) await held.Task.WaitAsync(cancellationToken);
            return await inner.AuditAsync(after, limit, cancellationToken);
        }

        public ValueTask<IReadOnlyList<LedgerFinding>> AuditStructureAsync(bool isWhole, CancellationToken cancellationToken = default) =>
            inner.AuditStructureAsync(isWhole, cancellationToken);
    }
}
