using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EventSourcing;

/// <summary>
/// What a store counts, on a meter named "EventSourcing" whose scope is the store. The meter is created when there is something to count,
/// since the first meter of a process costs an app several milliseconds at start-up.
/// </summary>
internal sealed class StoreDiagnostics(EventStore store) : IDisposable
{
    private readonly Lazy<Instruments> _instruments = new(() => new Instruments(store));

    /// <summary>Counts the outcome of one snapshot.</summary>
    public void Snapshot(string category, string outcome) => Count(_instruments.Value.Snapshots, category, outcome);

    /// <summary>Counts a snapshot that is not as it should be, and logs it.</summary>
    public void BadSnapshot(string category, string outcome, string stream, string reason)
    {
        Count(_instruments.Value.Snapshots, category, outcome);
        EventSourcingLog.Instance.BadSnapshot(outcome, stream, reason);
    }

    /// <summary>Counts a conflict, and whether the command acts again or its events are appended by rule.</summary>
    public void Conflict(string category, bool passed) => Count(_instruments.Value.Conflicts, category, passed ? "passed" : "retried");

    /// <summary>Counts a checkpoint that was due. If it failed, logs the reason.</summary>
    public void Checkpoint(string origin, Exception? failure)
    {
        var counter = _instruments.Value.Checkpoints;
        if (counter.Enabled) counter.Add(1, new TagList { { "origin", origin }, { "outcome", failure is null ? "signed" : "failed" } });
        if (failure is not null) EventSourcingLog.Instance.CheckpointFailed(origin, failure.Message);
    }

    public void Dispose()
    {
        if (_instruments.IsValueCreated) _instruments.Value.Dispose();
    }

    private static void Count(Counter<long> counter, string category, string outcome)
    {
        if (counter.Enabled) counter.Add(1, new TagList { { "category", category }, { "outcome", outcome } });
    }

    private sealed class Instruments : IDisposable
    {
        private readonly Meter _meter;

        public Instruments(EventStore store)
        {
            _meter = new Meter(new MeterOptions(EventSourcingLog.SourceName) { Scope = store });
            Snapshots = _meter.CreateCounter<long>("eventsourcing.snapshots", "{snapshot}", "Snapshots that were looked for or due, by outcome.");
            Checkpoints = _meter.CreateCounter<long>("eventsourcing.checkpoints", "{checkpoint}", "Checkpoints of the log that were due, by outcome.");
            Conflicts = _meter.CreateCounter<long>("eventsourcing.conflicts", "{conflict}", "Appends of commands that met events of others, by outcome.");
        }

        public Counter<long> Snapshots { get; }

        public Counter<long> Conflicts { get; }

        public Counter<long> Checkpoints { get; }

        public void Dispose() => _meter.Dispose();
    }
}
