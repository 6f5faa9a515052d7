namespace EventSourcing.Ledger;

/// <summary>
/// A storage that serves nothing before it was compared with the checkpoints of its log, and nothing at all if it disagrees
/// with them. After the comparison, calls go straight through. It has checkpoints signed as events are appended, if the options
/// say so. Whoever uses it need not know of either.
/// </summary>
/// <param name="inner">The storage.</param>
/// <param name="checkpointer">Compares it with its checkpoints, and signs them.</param>
/// <param name="schedule">Says when to sign; null if nothing is signed unasked.</param>
internal sealed class CheckedStorage(IEventStorage inner, Checkpointer checkpointer, CheckpointSchedule? schedule) : IEventStorage
{
    /// <summary>The storage without the comparison: a store that is refused must still be open to verification.</summary>
    public IEventStorage Unchecked => inner;

    public Checkpointer Checkpointer => checkpointer;

    public CheckpointSchedule? Schedule => schedule;

    /// <summary>Wraps a storage as the options say.</summary>
    /// <param name="inner">The storage.</param>
    /// <param name="options">The options.</param>
    /// <param name="appCode">Runs the sink, which is code of the app.</param>
    /// <param name="report">Takes the failure of each checkpoint that was due, and null for each success.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public static CheckedStorage Of(IEventStorage inner, LedgerOptions options, AppCode appCode, Action<Exception?> report)
    {
        options.Validate();
        var checkpointer = new Checkpointer(inner, options);
        var schedule = options.HasSchedule
            ? new CheckpointSchedule(checkpointer, options, inner.Options.TimeProvider, appCode, report)
            : null;
        return new CheckedStorage(inner, checkpointer, schedule);
    }

    public EventStorageOptions Options => inner.Options;

    public bool IsReadOnly => inner.IsReadOnly;

    public StorageTelemetry? Telemetry => inner.Telemetry;

    public IReadModelStorage ReadModels { get; } = new CheckedReadModels(inner.ReadModels, checkpointer);

    public ILedgerStorage Ledger { get; } = new CheckedLedger(inner.Ledger, checkpointer);

    public IStorageCatalog Catalog { get; } = new CheckedCatalog(inner.Catalog, checkpointer);

    public async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
    {
        if (!checkpointer.IsOpen) await checkpointer.OpenAsync(cancellationToken).ConfigureAwait(false);
        var result = await inner.AppendAsync(request, cancellationToken).ConfigureAwait(false);
        schedule?.Committed(result.Position);
        return result;
    }

    public async ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default)
    {
        if (!checkpointer.IsOpen) await checkpointer.OpenAsync(cancellationToken).ConfigureAwait(false);
        var position = await inner.ImportAsync(request, cancellationToken).ConfigureAwait(false);
        schedule?.Committed(position);
        return position;
    }

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

    public ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) => checkpointer.IsOpen
        ? inner.GetMovedToAsync(cancellationToken)
        : checkpointer.OpenedAsync(inner, static (inner, ct) => inner.GetMovedToAsync(ct), cancellationToken);

    public ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) => checkpointer.IsOpen
        ? inner.SetMovedToAsync(movedTo, head, cancellationToken)
        : checkpointer.OpenedAsync(
            (inner, movedTo, head), static (of, ct) => of.inner.SetMovedToAsync(of.movedTo, of.head, ct), cancellationToken);

    public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) => checkpointer.IsOpen
        ? inner.WaitForEventsAsync(position, cancellationToken)
        : checkpointer.OpenedAsync((inner, position), static (of, ct) => of.inner.WaitForEventsAsync(of.position, ct), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (schedule is not null) await schedule.DisposeAsync().ConfigureAwait(false);
        await inner.DisposeAsync().ConfigureAwait(false);
        checkpointer.Dispose();
    }
}
