using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EventSourcing;

/// <summary>
/// The activity source of the process and the instruments of one store. Names and units are approved in <c>Instruments.txt</c> of the
/// tests. Thread-safe.
/// </summary>
internal sealed class StoreInstruments : ILockWaitWatch, IDisposable
{
    public const string StoreKey = "eventsourcing.store";
    public const string CategoryKey = "eventsourcing.category";
    public const string StreamKey = "eventsourcing.stream";
    public const string EventsKey = "eventsourcing.events";
    public const string PositionKey = "eventsourcing.position";
    public const string ProjectionKey = "eventsourcing.projection";
    public const string OutcomeKey = "eventsourcing.outcome";
    public const string OriginKey = "eventsourcing.origin";
    public const string ErrorKey = "error.type";
    public const string DatabaseKey = "db.system.name";

    private static readonly ActivitySource Source = new(EventSourcingTelemetry.Name);

    /// <summary>In seconds: the boundaries that the semantic conventions advise for operations of databases.</summary>
    private static readonly InstrumentAdvice<double> Buckets =
        new() { HistogramBucketBoundaries = [.001, .005, .01, .05, .1, .5, 1, 5, 10] };

    private readonly string _name;
    private readonly StorageTelemetry? _storage;
    private readonly KeyValuePair<string, object?> _store;
    private readonly TimeProvider _clock;
    private readonly Meter _meter;
    private readonly Histogram<double> _appendDuration;
    private readonly Histogram<double> _lockWait;
    private readonly Counter<long> _appendEvents;
    private readonly Histogram<double> _loadDuration;
    private readonly Histogram<double> _batchDuration;
    private readonly Counter<long> _batchEvents;
    private readonly Counter<long> _snapshots;
    private readonly Counter<long> _conflicts;
    private readonly Counter<long> _checkpoints;

    public StoreInstruments(object store, string name, TimeProvider clock, StorageTelemetry? storage)
    {
        _name = name;
        _storage = storage;
        _store = new KeyValuePair<string, object?>(StoreKey, name);
        _clock = clock;
        _meter = new Meter(new MeterOptions(EventSourcingTelemetry.Name) { Scope = store });
        _appendDuration = Duration("eventsourcing.append.duration", "How long appends take, with the wait for their turn.");
        _lockWait = Duration("eventsourcing.append.lock_wait", "How long appends wait for the write lock of the store.");
        _appendEvents = _meter.CreateCounter<long>("eventsourcing.append.events", "{event}", "Events that were appended.");
        _loadDuration = Duration("eventsourcing.load.duration", "How long it takes to load the state of an aggregate or a decider.");
        _batchDuration = Duration(
            "eventsourcing.projection.duration", "How long projections and reactors take for a batch and its commit.");
        _batchEvents = _meter.CreateCounter<long>(
            "eventsourcing.projection.events", "{event}", "Events that projections and reactors handled.");
        _snapshots = _meter.CreateCounter<long>(
            "eventsourcing.snapshots", "{snapshot}", "Snapshots that were looked for or due, by outcome.");
        _conflicts = _meter.CreateCounter<long>(
            "eventsourcing.conflicts", "{conflict}", "Appends of commands that met events of others, by outcome.");
        _checkpoints = _meter.CreateCounter<long>(
            "eventsourcing.checkpoints", "{checkpoint}", "Checkpoints of the log that were due, by outcome.");
        storage?.Add(this);
    }

    public static bool WatchesSpans => Source.HasListeners();

    public bool WatchesAppends => WatchesSpans || _appendDuration.Enabled || _appendEvents.Enabled;

    public bool WatchesLockWaits => _lockWait.Enabled;

    public bool WatchesLoads => WatchesSpans || _loadDuration.Enabled;

    public bool WatchesBatches => WatchesSpans || _batchDuration.Enabled || _batchEvents.Enabled;

    public Measured BeginAppend(AppendRequest request)
    {
        var stream = request.Writes.Count > 0 ? request.Writes[0].Stream : "";
        var span = StartOnDatabase("append", StreamName.CategoryOf(stream), CategoryKey);
        if (span is { IsAllDataRequested: true } && request.Writes.Count == 1) span.SetTag(StreamKey, stream);
        return new Measured(span, _clock.GetTimestamp());
    }

    public void EndAppend(Measured append, AppendRequest request, AppendResult result)
    {
        if (_appendDuration.Enabled) _appendDuration.Record(SecondsSince(append.Began), _store);
        var events = 0;
        for (var i = 0; i < request.Writes.Count; i++) events += request.Writes[i].Events.Count;
        if (_appendEvents.Enabled && !result.WasAlreadyStored) _appendEvents.Add(events, _store);
        if (append.Span is not { } span) return;
        if (span.IsAllDataRequested) span.SetTag(EventsKey, events).SetTag(PositionKey, result.Position);
        span.Dispose();
    }

    public void FailAppend(Measured append, Exception error) => Fail(_appendDuration, append, error, projection: null);

    public void LockWaited(TimeSpan waited) => _lockWait.Record(waited.TotalSeconds, _store);

    public Measured BeginLoad(string category, string stream)
    {
        var span = StartOnDatabase("load", category, CategoryKey);
        if (span is { IsAllDataRequested: true }) span.SetTag(StreamKey, stream);
        return new Measured(span, _clock.GetTimestamp());
    }

    public void EndLoad(Measured load, long replayed)
    {
        if (_loadDuration.Enabled) _loadDuration.Record(SecondsSince(load.Began), _store);
        if (load.Span is not { } span) return;
        if (span.IsAllDataRequested) span.SetTag(EventsKey, replayed);
        span.Dispose();
    }

    public void FailLoad(Measured load, Exception error) => Fail(_loadDuration, load, error, projection: null);

    /// <summary>The span of the app's code of a command, within which it calls others; null if it is not recorded.</summary>
    public Activity? BeginDecide(string category) => Start("decide", category, CategoryKey);

    /// <summary>A batch of a projection has a span. The deliveries of a reactor have one each instead.</summary>
    public Measured BeginBatch(string projection, bool isReactor) =>
        new(isReactor ? null : StartOnDatabase("project", projection, ProjectionKey), _clock.GetTimestamp());

    public void EndBatch(Measured batch, string projection, int events, long position)
    {
        var of = new KeyValuePair<string, object?>(ProjectionKey, projection);
        if (_batchDuration.Enabled) _batchDuration.Record(SecondsSince(batch.Began), _store, of);
        if (_batchEvents.Enabled) _batchEvents.Add(events, _store, of);
        if (batch.Span is not { } span) return;
        if (span.IsAllDataRequested) span.SetTag(EventsKey, events).SetTag(PositionKey, position);
        span.Dispose();
    }

    public void FailBatch(Measured batch, string projection, Exception error) => Fail(_batchDuration, batch, error, projection);

    /// <summary>
    /// The span of a delivery, with a link to the trace that appended the event; null if it is not recorded. It is a trace of its own: it
    /// may come hours after the append, and be repeated.
    /// </summary>
    public Activity? BeginReact(string reactor, RecordedEvent e)
    {
        List<ActivityLink>? links = null;
        if (e.Metadata.TraceParent is { } trace && ActivityContext.TryParse(trace, null, isRemote: true, out var context))
            links = [new(context)];
        var span = Source.StartActivity($"react {reactor}", ActivityKind.Internal, default(ActivityContext), tags: null, links);
        if (span is not { IsAllDataRequested: true }) return span;
        return span.SetTag(StoreKey, _name).SetTag(ProjectionKey, reactor).SetTag(StreamKey, e.Stream).SetTag(PositionKey, e.Position);
    }

    public static void Fail(Activity? span, Exception error) =>
        span?.SetStatus(ActivityStatusCode.Error).SetTag(ErrorKey, StoreDiagnostics.TypeOf(error));

    public void Snapshot(string category, string outcome) => Count(_snapshots, CategoryKey, category, outcome);

    public void Conflict(string category, string outcome) => Count(_conflicts, CategoryKey, category, outcome);

    public void CheckpointTried(string origin, string outcome) => Count(_checkpoints, OriginKey, origin, outcome);

    public void Dispose()
    {
        _storage?.Remove(this);
        _meter.Dispose();
    }

    private Histogram<double> Duration(string name, string description) =>
        _meter.CreateHistogram(name, "s", description, tags: null, Buckets);

    private double SecondsSince(long began) => _clock.GetElapsedTime(began).TotalSeconds;

    private Activity? Start(string operation, string subject, string key)
    {
        var span = Source.StartActivity($"{operation} {subject}");
        if (span is { IsAllDataRequested: true }) span.SetTag(StoreKey, _name).SetTag(key, subject);
        return span;
    }

    /// <summary>The span of an operation that reads or writes the database itself.</summary>
    private Activity? StartOnDatabase(string operation, string subject, string key)
    {
        var span = Start(operation, subject, key);
        if (_storage is { } storage && span is { IsAllDataRequested: true }) span.SetTag(DatabaseKey, storage.DatabaseSystem);
        return span;
    }

    private void Fail(Histogram<double> duration, Measured failed, Exception error, string? projection)
    {
        if (duration.Enabled)
        {
            var type = new KeyValuePair<string, object?>(ErrorKey, StoreDiagnostics.TypeOf(error));
            var seconds = SecondsSince(failed.Began);
            if (projection is null) duration.Record(seconds, _store, type);
            else duration.Record(seconds, _store, new KeyValuePair<string, object?>(ProjectionKey, projection), type);
        }

        Fail(failed.Span, error);
        failed.Span?.Dispose();
    }

    private void Count(Counter<long> counter, string subjectKey, string subject, string outcome)
    {
        if (!counter.Enabled) return;
        var of = new KeyValuePair<string, object?>(subjectKey, subject);
        counter.Add(1, _store, of, new KeyValuePair<string, object?>(OutcomeKey, outcome));
    }
}
