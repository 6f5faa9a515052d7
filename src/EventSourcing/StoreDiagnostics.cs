using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EventSourcing;

/// <summary>What a store counts, on a meter named "EventSourcing" whose scope is the store.</summary>
internal sealed class StoreDiagnostics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _snapshots;
    private readonly Counter<long> _conflicts;

    public StoreDiagnostics(EventStore store)
    {
        _meter = new Meter(new MeterOptions(EventSourcingLog.SourceName) { Scope = store });
        _snapshots = _meter.CreateCounter<long>("eventsourcing.snapshots", "{snapshot}", "Snapshots that were looked for or due, by outcome.");
        _conflicts = _meter.CreateCounter<long>("eventsourcing.conflicts", "{conflict}", "Appends of commands that met events of others, by outcome.");
    }

    /// <summary>Counts what became of one snapshot.</summary>
    public void Snapshot(string category, string outcome) => Count(_snapshots, category, outcome);

    /// <summary>Counts a snapshot that should not be as it is, and says so in the log.</summary>
    public void BadSnapshot(string category, string outcome, string stream, string reason)
    {
        Count(_snapshots, category, outcome);
        EventSourcingLog.Instance.BadSnapshot(outcome, stream, reason);
    }

    /// <summary>Counts a conflict, and whether the command acts again or its events pass by rule.</summary>
    public void Conflict(string category, bool passed) => Count(_conflicts, category, passed ? "passed" : "retried");

    public void Dispose() => _meter.Dispose();

    private static void Count(Counter<long> counter, string category, string outcome)
    {
        if (counter.Enabled) counter.Add(1, new TagList { { "category", category }, { "outcome", outcome } });
    }
}
