using System.Diagnostics.Metrics;

namespace EventSourcing;

/// <summary>
/// What is measured when a collector asks. It answers from what is known, without any read; as long as somebody collects, that is read
/// anew once per lease.
/// </summary>
internal sealed class StoreGauges : IDisposable
{
    private readonly HostedStore _hosted;
    private readonly Meter _meter;
    private readonly List<Instrument> _ofProjections;
    private readonly ObservableGauge<long> _logSize;
    private readonly ObservableGauge<double> _checkpointAge;
    private readonly KeyValuePair<string, object?> _store;
    private readonly StoreFigures _figures;

    public StoreGauges(HostedStore hosted)
    {
        _hosted = hosted;
        _store = new KeyValuePair<string, object?>("eventsourcing.store", hosted.Name);
        _figures = new StoreFigures(hosted);
        _meter = new Meter(new MeterOptions(EventSourcingTelemetry.Name) { Scope = hosted });
        _logSize = _meter.CreateObservableGauge(
            "eventsourcing.wal.size",
            () => One(_figures.LogBytes),
            "By",
            "The size of the write-ahead log that the store itself has.");
        _checkpointAge = _meter.CreateObservableGauge(
            "eventsourcing.checkpoint.age",
            () => One(_figures.CheckpointAge?.TotalSeconds),
            "s",
            "The age of the first event that no signed checkpoint covers; 0 if all are covered.");
        _ofProjections =
        [
            _meter.CreateObservableGauge(
                "eventsourcing.projection.lag",
                () => Each(one => one.Lag),
                "{event}",
                "Events that projections and reactors have not handled yet."),
            _meter.CreateObservableGauge(
                "eventsourcing.projection.lag_time",
                () => Each(one => one.LagTime.TotalSeconds),
                "s",
                "The age of the first event that is not handled yet."),
            _meter.CreateObservableGauge(
                "eventsourcing.projection.parked",
                () => Each(one => (long)one.Parked),
                "{partition}",
                "Streams or documents that are held back."),
            _meter.CreateObservableCounter(
                "eventsourcing.projection.restarts",
                () => Each(one => (long)hosted.Health.RestartsOf(one.Name)),
                "{restart}",
                "Restarts after a failure."),
            _meter.CreateObservableGauge(
                "eventsourcing.reactor.oldest_undelivered",
                () => Each(OldestUndelivered, onlyReactors: true),
                "s",
                "The age of the oldest event that a reactor has not delivered, parked ones included."),
        ];
    }

    /// <summary>Keeps what is known fresh as long as somebody collects it.</summary>
    public async Task RefreshAsync(CancellationToken stop)
    {
        var clock = _hosted.Clock;
        while (!stop.IsCancellationRequested)
        {
            var lease = _hosted.Settings.LeaseDuration;
            try
            {
                if (_ofProjections.Exists(gauge => gauge.Enabled)) await _hosted.Health.ReadAsync(lease / 2, stop).ConfigureAwait(false);
                if (_logSize.Enabled) await _figures.ReadLogSizeAsync(stop).ConfigureAwait(false);
                if (_checkpointAge.Enabled) await _figures.ReadCheckpointAgeAsync(stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return; // a read that the stop has cut short must not fail the stop
            }
            catch (Exception error) when (error is EventSourcingException or ObjectDisposedException)
            {
                StoreLog.StatusUnknown(_hosted.Logger, _hosted.Name, error.GetType().ToString());
            }

            await Task.Delay(lease, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => _meter.Dispose();

    private Measurement<T>[] One<T>(T? value)
        where T : struct =>
        value is { } known ? [new Measurement<T>(known, _store)] : [];

    private double OldestUndelivered(ProjectionStatus one)
    {
        var parked = one.ParkedEvents.Count == 0
            ? TimeSpan.Zero
            : _hosted.Clock.GetUtcNow() - one.ParkedEvents.Min(parked => parked.ParkedAt);
        return Math.Max(parked.TotalSeconds, one.LagTime.TotalSeconds);
    }

    private IEnumerable<Measurement<T>> Each<T>(Func<ProjectionStatus, T> value, bool onlyReactors = false)
        where T : struct =>
        _hosted.Health.Known.Where(one => !onlyReactors || _hosted.Reactors.Contains(one.Name)).Select(one => new Measurement<T>(
            value(one),
            _store,
            new KeyValuePair<string, object?>("eventsourcing.projection", one.Name)));
}
