namespace EventSourcing.Explorer.Tests.Bank;

/// <summary>A storage that belongs to somebody else, and into whose calls a test comes.</summary>
public sealed class HookedStorage(IEventStorage inner) : IEventStorage
{
    /// <summary>Is called before anything is read of the log; what it throws, the read throws.</summary>
    public Action? Reading { get; set; }

    /// <summary>Is called before documents are changed; what it throws, the commit throws.</summary>
    public Action<ReadModelCommit>? Committing { get; set; }

    /// <summary>Is called after documents were changed.</summary>
    public Action<ReadModelCommit>? Committed { get; set; }

    public IStorageCatalog Catalog => inner.Catalog;

    public ILedgerStorage Ledger
    {
        get
        {
            Reading?.Invoke();
            return inner.Ledger;
        }
    }

    public EventStorageOptions Options => inner.Options;

    public IReadModelStorage ReadModels => new HookedReadModels(inner.ReadModels, this);

    public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) =>
        inner.AppendAsync(request, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default)
    {
        Reading?.Invoke();
        return inner.GetHeadAsync(cancellationToken);
    }

    public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) =>
        inner.GetPositionAsync(eventId, cancellationToken);

    public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default)
    {
        Reading?.Invoke();
        return inner.ReadLogAsync(read, cancellationToken);
    }

    public ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) =>
        inner.ReadStreamAsync(read, cancellationToken);

    public ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) =>
        inner.ImportAsync(request, cancellationToken);

    public ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) => inner.GetMovedToAsync(cancellationToken);

    public ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) =>
        inner.SetMovedToAsync(movedTo, head, cancellationToken);

    public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) =>
        inner.WaitForEventsAsync(position, cancellationToken);

    private sealed class HookedReadModels(IReadModelStorage inner, HookedStorage storage) : IReadModelStorage
    {
        public TableSupport? Tables => inner.Tables;

        public ValueTask<IReadOnlyList<byte[]?>> LoadAsync(
            string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) =>
            inner.LoadAsync(model, keys, cancellationToken);

        public ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(
            string model, DocumentQuery query, CancellationToken cancellationToken = default) =>
            inner.QueryAsync(model, query, cancellationToken);

        public ValueTask<long> CountAsync(
            string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken = default) =>
            inner.CountAsync(model, conditions, cancellationToken);

        public async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            storage.Committing?.Invoke(commit);
            await inner.CommitAsync(commit, cancellationToken);
            storage.Committed?.Invoke(commit);
        }
    }
}
