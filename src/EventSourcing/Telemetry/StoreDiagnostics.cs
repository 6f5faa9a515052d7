using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace EventSourcing;

/// <summary>
/// What a store tells about itself: spans and measurements, notices, and the library's log. If nobody listens, an append pays for one
/// comparison. Thread-safe.
/// </summary>
internal sealed class StoreDiagnostics : IDisposable
{
    private readonly object _store;
    private readonly string _name;
    private readonly StorageTelemetry? _storage;
    private readonly TimeProvider _clock;
    private readonly TelemetryStart _start;
    private readonly bool _keepsTraceContext;
    private readonly Action<StoreNotice>? _notices;
    private readonly Lock _lock = new();
    private volatile StoreInstruments? _instruments;
    private bool _isBeingPrepared;
    private bool _isDisposed;

    /// <param name="store">The store, which is the scope of its meter.</param>
    /// <param name="name">The store's name.</param>
    /// <param name="clock">Measures durations.</param>
    /// <param name="storage">What the storage tells, or null.</param>
    /// <param name="start">When the instruments are created.</param>
    /// <param name="keepsTraceContext">Whether events keep the trace that appends them.</param>
    /// <param name="notices">Takes the notices, or null.</param>
    public StoreDiagnostics(
        object store,
        string name,
        TimeProvider clock,
        StorageTelemetry? storage,
        TelemetryStart start,
        bool keepsTraceContext,
        Action<StoreNotice>? notices)
    {
        _store = store;
        _name = name;
        _clock = clock;
        _storage = storage;
        _start = start;
        _keepsTraceContext = keepsTraceContext;
        _notices = notices;
        if (_start == TelemetryStart.AtOnce) Create();
    }

    /// <summary>The instruments, if somebody listens to appends; otherwise null.</summary>
    public StoreInstruments? OfAppends => _instruments is { WatchesAppends: true } watching ? watching : null;

    /// <summary>The instruments, if somebody listens to loads of states; otherwise null.</summary>
    public StoreInstruments? OfLoads => _instruments is { WatchesLoads: true } watching ? watching : null;

    /// <summary>The instruments, if somebody listens to projections and reactors; otherwise null.</summary>
    public StoreInstruments? OfBatches => _instruments is { WatchesBatches: true } watching ? watching : null;

    /// <summary>The instruments, if somebody listens to spans; otherwise null.</summary>
    public StoreInstruments? OfSpans => _instruments is { } watching && StoreInstruments.WatchesSpans ? watching : null;

    /// <summary>
    /// The trace that the caller is part of, as it is kept with events (W3C trace context); null if there is none, or if nobody records it.
    /// </summary>
    public string? CurrentTrace => _keepsTraceContext && _instruments is not null ? RecordedTrace() : null;

    /// <summary>Whether somebody takes notices. If not, they need not be made.</summary>
    public bool HasNotices => _notices is not null;

    /// <summary>Creates the instruments on another thread, if that is still to be done. It returns at once.</summary>
    public void Prepare()
    {
        if (_instruments is null && _start == TelemetryStart.Background && !Volatile.Read(ref _isBeingPrepared)) PrepareOnce();
    }

    /// <summary>Hands a notice to the app.</summary>
    public void Notify(StoreNoticeKind kind, string subject, Func<StoreNotice, StoreNotice>? complete = null)
    {
        if (_notices is not { } notices) return;
        var notice = new StoreNotice(kind, _name, subject, _clock.GetUtcNow());
        if (complete is not null) notice = complete(notice);
        foreach (var take in Delegate.EnumerateInvocationList(notices))
        {
            try
            {
                take(notice);
            }
            catch (Exception ofTheApp)
            {
                // What the store is doing must not fail because of somebody who watches it.
                EventSourcingLog.Instance.NoticeFailed(kind.ToString(), ofTheApp.GetType().FullName ?? "");
            }
        }
    }

    /// <summary>Counts the outcome of one snapshot.</summary>
    public void Snapshot(string category, string outcome) => Instruments()?.Snapshot(category, outcome);

    /// <summary>Counts a snapshot that is not as it should be, and reports it.</summary>
    public void BadSnapshot(string category, string outcome, string stream, string reason)
    {
        Snapshot(category, outcome);
        EventSourcingLog.Instance.BadSnapshot(outcome, stream, reason);
        if (HasNotices) Notify(StoreNoticeKind.SnapshotRejected, stream, notice => notice with { Reason = outcome });
    }

    /// <summary>Counts a conflict, and whether the command acts again or its events are appended by rule.</summary>
    public void Conflict(string category, bool passed) => Instruments()?.Conflict(category, passed ? "passed" : "retried");

    /// <summary>
    /// Counts a checkpoint that was due. If it failed, reports the reason. It does not throw: no checkpoint is given up because somebody
    /// who counts them, or is told of them, throws.
    /// </summary>
    public void CheckpointTried(string origin, Exception? failure)
    {
        try
        {
            Instruments()?.CheckpointTried(origin, failure is null ? "signed" : "failed");
            if (failure is null) return;
            EventSourcingLog.Instance.CheckpointFailed(origin, Names.MessageOf(failure));
            if (HasNotices) Notify(StoreNoticeKind.CheckpointFailed, origin, notice => notice with { Reason = TypeOf(failure) });
        }
        catch (Exception ofAWatcher)
        {
            EventSourcingLog.Instance.CheckpointFailed(
                origin, $"What became of one could not be counted or told: {ofAWatcher.GetType()}.");
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _instruments?.Dispose();
        }
    }

    /// <summary>The type of an error, as notices and spans name it: that of the app's own error, if a projection failed with one.</summary>
    public static string TypeOf(Exception error) =>
        (error is EventSourcingException { InnerException: { } cause } ? cause : error).GetType().FullName ?? "";

    /// <summary>Apart from its caller: the assembly of activities is not loaded before somebody needs it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string? RecordedTrace() =>
        Activity.Current is { Recorded: true, IdFormat: ActivityIdFormat.W3C } activity ? activity.Id : null;

    private StoreInstruments? Instruments()
    {
        if (_instruments is null && _start == TelemetryStart.Background) Create();
        return _instruments;
    }

    private void PrepareOnce()
    {
        lock (_lock)
        {
            if (_isBeingPrepared) return;
            Volatile.Write(ref _isBeingPrepared, true);
        }

        ThreadPool.UnsafeQueueUserWorkItem(static diagnostics => diagnostics.Create(), this, preferLocal: false);
    }

    private void Create()
    {
        lock (_lock)
        {
            if (!_isDisposed) _instruments ??= new StoreInstruments(_store, _name, _clock, _storage);
        }
    }
}
