using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EventSourcing.Tests.Telemetry;

/// <summary>Collects the spans and measurements of one store, as an app's telemetry would. Listeners hear the whole process.</summary>
internal sealed class Watch : IDisposable
{
    private const string StoreKey = "eventsourcing.store";
    private readonly string _store;
    private readonly ActivityListener _spans;
    private readonly MeterListener _measurements = new();

    public Watch(string store)
    {
        _store = store;
        _spans = new ActivityListener
        {
            ShouldListenTo = source => source.Name is EventSourcingTelemetry.Name or "a test",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                if (span.GetTagItem(StoreKey) as string == _store) Spans.Enqueue(span);
            },
        };
        ActivitySource.AddActivityListener(_spans);
        _measurements.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == EventSourcingTelemetry.Name) listener.EnableMeasurementEvents(instrument);
        };
        _measurements.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _measurements.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _measurements.Start();
    }

    public ConcurrentQueue<Activity> Spans { get; } = [];

    public ConcurrentQueue<(Instrument Instrument, double Value, KeyValuePair<string, object?>[] Tags)> Measured { get; } = [];

    /// <summary>All that was heard: one line for each instrument and each operation, with all attributes that it has had.</summary>
    public IEnumerable<string> Lines =>
        Measured.Select(one => ($"{KindOf(one.Instrument)} {one.Instrument.Name} {one.Instrument.Unit}", Keys: one.Tags.Select(tag => tag.Key)))
            .Concat(Spans.Select(span => ($"span {span.OperationName.Split(' ')[0]}", Keys: span.TagObjects.Select(tag => tag.Key))))
            .GroupBy(one => one.Item1, one => one.Keys, StringComparer.Ordinal)
            .Select(group => (group.Key, Keys: group.SelectMany(keys => keys).Distinct().Where(key => key != StoreKey).Order(StringComparer.Ordinal).ToList()))
            .Select(one => one.Keys.Count == 0 ? one.Key : $"{one.Key}: {string.Join(", ", one.Keys)}")
            .Order(StringComparer.Ordinal);

    /// <summary>Everything that was heard as text.</summary>
    public string Text => string.Join(
        '\n',
        Measured.Select(one => $"{one.Instrument.Name} {string.Join(' ', one.Tags)}")
            .Concat(Spans.Select(span => $"{span.DisplayName} {span.StatusDescription} {string.Join(' ', span.TagObjects)} {string.Join(' ', span.Events)} {string.Join(' ', span.Baggage)}")));

    public Activity Span(string name) => Spans.Should().ContainSingle(span => span.DisplayName == name).Subject;

    public double Sum(string instrument) => Measured.Where(one => one.Instrument.Name == instrument).Sum(one => one.Value);

    /// <summary>Collects the current values of the gauges.</summary>
    public void Ask() => _measurements.RecordObservableInstruments();

    public void Dispose()
    {
        _spans.Dispose();
        _measurements.Dispose();
    }

    private static string KindOf(Instrument instrument) => instrument switch
    {
        Counter<long> => "counter",
        Histogram<double> => "histogram",
        _ => "gauge",
    };

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var all = tags.ToArray();
        if (all.Any(tag => tag.Key == StoreKey && tag.Value as string == _store)) Measured.Enqueue((instrument, value, all));
    }
}
