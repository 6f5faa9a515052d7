using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace EventSourcing.Tests.Aggregates;

/// <summary>Listens to the meter of one store, as an app's telemetry would.</summary>
internal sealed class Counts : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _counts = new();

    public Counts(EventStore store)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "EventSourcing" && instrument.Meter.Scope == store) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, measurement, tags, _) =>
        {
            foreach (var (key, value) in tags)
            {
                if (key == "eventsourcing.outcome") _counts.AddOrUpdate($"{instrument.Name} {value}", measurement, (_, before) => before + measurement);
            }
        });
        _listener.Start();
    }

    /// <summary>How often something came out so since this was last asked, by outcome.</summary>
    public Dictionary<string, long> TakeSnapshots() => Take("eventsourcing.snapshots ");

    public Dictionary<string, long> TakeConflicts() => Take("eventsourcing.conflicts ");

    public void Dispose() => _listener.Dispose();

    private Dictionary<string, long> Take(string instrument)
    {
        var taken = _counts.Where(count => count.Key.StartsWith(instrument, StringComparison.Ordinal)).ToDictionary(count => count.Key[instrument.Length..], count => count.Value);
        foreach (var outcome in taken.Keys) _counts.TryRemove(instrument + outcome, out _);
        return taken;
    }
}
