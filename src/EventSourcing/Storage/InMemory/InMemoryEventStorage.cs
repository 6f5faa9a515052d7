using System.Diagnostics;

namespace EventSourcing;

/// <summary>
/// Keeps everything in memory, for as long as the instance lives: the simplest implementation of the contract of
/// <see cref="IEventStorage"/>. For tests and for apps whose events need not outlive the process. Thread-safe.
/// </summary>
public sealed class InMemoryEventStorage : IEventStorage
{
    private readonly Lock _commit = new();
    private readonly HeadSignal _signal = new();
    private readonly InMemoryLog _log = new();
    private readonly InMemoryReadModels _readModels;
    private readonly StorageTelemetry _telemetry = new("memory");
    private volatile bool _disposed;
    private string? _movedTo;

    /// <summary>Creates an empty store.</summary>
    /// <param name="options">The clock and the limits; by default the system's clock.</param>
    public InMemoryEventStorage(EventStorageOptions? options = null)
    {
        Options = options ?? new EventStorageOptions();
        _readModels = new InMemoryReadModels(_commit, ThrowIfDisposed, ThrowIfMoved);
        Ledger = new InMemoryLedger(_log, ThrowIfDisposed);
        Catalog = new InMemoryCatalog(_commit, _log, _readModels, ThrowIfDisposed);
    }

    /// <inheritdoc/>
    public EventStorageOptions Options { get; }

    /// <inheritdoc/>
    public StorageTelemetry? Telemetry => _telemetry;

    /// <inheritdoc/>
    public IReadModelStorage ReadModels => _readModels;

    /// <inheritdoc/>
    public ILedgerStorage Ledger { get; }

    /// <inheritdoc/>
    public IStorageCatalog Catalog { get; }

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate(Options.Limits);
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            var result = Commit(request);
            _signal.Advance(result.Position);
            return ValueTask.FromResult(result);
        }
        catch (Exception refused) when (refused is EventSourcingException || request.ReadModels is not null)
        {
            return ValueTask.FromException<AppendResult>(refused);
        }
    }

    /// <inheritdoc/>
    public ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate(Options.Limits);
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        long head;
        lock (_commit)
        {
            _readModels.ThrowIfWithinAppend();
            if (ImportDecision.RefusalOf(request, _log, Options.TimeProvider.GetUtcNow()) is { } refusal)
                return ValueTask.FromException<long>(refusal);
            if (_movedTo is not null) return ValueTask.FromException<long>(Moved());
            head = _log.Import(request);
        }

        _signal.Advance(head);
        return ValueTask.FromResult(head);
    }

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        read.Validate();
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        lock (_commit) return ValueTask.FromResult(_log.ReadStream(read));
    }

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        read.Validate();
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();

        // Published data never changes, so a scan needs no lock; holding it would keep appends waiting.
        return ValueTask.FromResult(_log.ReadLog(read));
    }

    /// <inheritdoc/>
    public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_log.Head);
    }

    /// <inheritdoc/>
    public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        lock (_commit) return ValueTask.FromResult(_log.PositionOf(eventId));
    }

    /// <inheritdoc/>
    public ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        lock (_commit) return ValueTask.FromResult(_movedTo);
    }

    /// <inheritdoc/>
    public ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default)
    {
        if (movedTo is not null) StoreMovedException.ThrowIfInvalidPlace(movedTo);
        ArgumentOutOfRangeException.ThrowIfNegative(head);
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        lock (_commit)
        {
            _readModels.ThrowIfWithinAppend();
            if (_log.Head != head) return ValueTask.FromResult(false);
            if (movedTo is not null && _movedTo is not null && _movedTo != movedTo) return ValueTask.FromException<bool>(Moved());
            _movedTo = movedTo;
            return ValueTask.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ThrowIfDisposed();
        while (_log.Head <= position) await _signal.WaitAsync(position, cancellationToken).ConfigureAwait(false);
        return _log.Head;
    }

    /// <summary>Ends all waits and refuses further use.</summary>
    /// <returns>A completed task.</returns>
    public ValueTask DisposeAsync()
    {
        _disposed = true;
        _signal.Close();
        return ValueTask.CompletedTask;
    }

    private AppendResult Commit(AppendRequest request)
    {
        var queued = _telemetry.WantsLockWaits ? Stopwatch.GetTimestamp() : 0;
        lock (_commit)
        {
            if (queued != 0) _telemetry.LockWaited(Stopwatch.GetElapsedTime(queued));
            _readModels.ThrowIfWithinAppend();
            var decision = AppendDecision.Of(request, _log, Options.TimeProvider.GetUtcNow());
            if (decision.Refusal is { } refusal) throw refusal;
            if (!decision.IsToWrite) return decision.Outcome!;
            ThrowIfMoved();
            if (request.ReadModels is not { } project)
            {
                _log.Append(request, decision);
                return decision.Outcome;
            }

            ReadModelCommit commit;
            using (_readModels.BeginAppend()) commit = Project(project, new Transaction(this, decision.Preview(request)));
            _readModels.Check(commit);
            _log.Append(request, decision);
            _readModels.Write(commit);
            return decision.Outcome;
        }
    }

    private static ReadModelCommit Project(
        Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> project, Transaction transaction)
    {
        // Everything that this code may wait for completes at once in memory. It may wait for nothing else, because the lock
        // cannot be held meanwhile.
        var commit = project(transaction, CancellationToken.None).AsTask().GetAwaiter();
        if (!commit.IsCompleted)
            throw new InvalidOperationException(
                "What changes read models within an append waited for something other than its transaction. Nothing was written.");
        var result = commit.GetResult();
        ArgumentNullException.ThrowIfNull(result);
        result.Validate();
        return result;
    }

    /// <summary>Refuses a write if the store has moved. Called under the lock.</summary>
    private void ThrowIfMoved()
    {
        if (_movedTo is not null) throw Moved();
    }

    private StoreMovedException Moved() => new("in memory", _movedTo!);

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);

    /// <summary>An append about to be committed, under the lock.</summary>
    private sealed class Transaction(InMemoryEventStorage storage, IReadOnlyList<StoredEvent> events) : IAppendTransaction
    {
        public IReadOnlyList<StoredEvent> Events => events;

        public ValueTask<IReadOnlyList<byte[]?>> LoadAsync(
            string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
        {
            InMemoryReadModels.ValidateLoad(model, keys);
            return ValueTask.FromResult(storage._readModels.Load(model, keys));
        }

        public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default)
        {
            ArgumentNullException.ThrowIfNull(read);
            read.Validate();
            return ValueTask.FromResult(storage._log.ReadLog(read));
        }
    }
}
