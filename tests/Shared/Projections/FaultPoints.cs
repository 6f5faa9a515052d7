namespace EventSourcing.Tests.Projections;

/// <summary>A right storage with places at which a test can step in: fail a commit before or after it took effect, hold it, count reads.</summary>
internal sealed class FaultPoints(IEventStorage inner) : IEventStorage, IReadModelStorage
{
    private int _logReads;
    private volatile bool _isDead;

    /// <summary>Called before each commit of read models; what it throws is the commit's failure, and nothing was written.</summary>
    public Func<ReadModelCommit, Task> BeforeCommit { get; set; } = _ => Task.CompletedTask;

    /// <summary>Called after each commit of read models; what it throws hides that it took effect.</summary>
    public Func<ReadModelCommit, Task> AfterCommit { get; set; } = _ => Task.CompletedTask;

    /// <summary>Called before documents are loaded: with the read model and the keys.</summary>
    public Func<string, IReadOnlyList<string>, Task> BeforeRead { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Called with what was loaded, before the caller gets it.</summary>
    public Func<string, Task> AfterRead { get; set; } = _ => Task.CompletedTask;

    public int LogReads => Volatile.Read(ref _logReads);

    public EventStorageOptions Options => inner.Options;

    public IReadModelStorage ReadModels => this;

    public ILedgerStorage Ledger => inner.Ledger;

    public IStorageCatalog Catalog => inner.Catalog;

    public TableSupport? Tables => inner.ReadModels.Tables;

    /// <summary>A failure of the medium.</summary>
    public static StorageFailedException Failure(bool outcomeIsUnknown) => new("store", outcomeIsUnknown, new IOException("It was to fail here."));

    /// <summary>From now on nothing gets through: to the storage, the process has died, without a word.</summary>
    public void Die() => _isDead = true;

    public async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
    {
        ThrowIfDead();
        await BeforeCommit(commit);
        ThrowIfDead();
        await inner.ReadModels.CommitAsync(commit, cancellationToken);
        await AfterCommit(commit);
        ThrowIfDead();
    }

    public async ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
    {
        ThrowIfDead();
        await BeforeRead(model, keys);
        var loaded = await inner.ReadModels.LoadAsync(model, keys, cancellationToken);
        await AfterRead(model);
        return loaded;
    }

    public ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(string model, DocumentQuery query, CancellationToken cancellationToken = default)
    {
        ThrowIfDead();
        return inner.ReadModels.QueryAsync(model, query, cancellationToken);
    }

    public ValueTask<long> CountAsync(string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken = default) =>
        inner.ReadModels.CountAsync(model, conditions, cancellationToken);

    public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
    {
        ThrowIfDead();
        return inner.AppendAsync(request, cancellationToken);
    }

    public ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) => inner.ImportAsync(request, cancellationToken);

    public ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) => inner.ReadStreamAsync(read, cancellationToken);

    public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default)
    {
        ThrowIfDead();
        Interlocked.Increment(ref _logReads);
        return inner.ReadLogAsync(read, cancellationToken);
    }

    public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) => inner.GetHeadAsync(cancellationToken);

    public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) => inner.GetPositionAsync(eventId, cancellationToken);

    public ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) => inner.GetMovedToAsync(cancellationToken);

    public ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) =>
        inner.SetMovedToAsync(movedTo, head, cancellationToken);

    public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) => inner.WaitForEventsAsync(position, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private void ThrowIfDead()
    {
        if (_isDead) throw Failure(outcomeIsUnknown: true);
    }
}
