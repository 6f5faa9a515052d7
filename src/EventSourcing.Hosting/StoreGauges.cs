using System.Diagnostics.Metrics;

namespace EventSourcing;

/// <summary>
/// What is measured when a collector asks. It answers from what is known, without any read; as long as somebody collects, the status is
/// read once per lease.
/// </summary>
internal sealed class StoreGauges : IDisposable
{
    private readonly HostedStore _hosted;
    private readonly Meter _meter;
    private readonly List<Instrument> _gauges;

    public StoreGauges(HostedStore hosted)
    {
        _hosted = hosted;
        _meter = new Meter(new MeterOptions(EventSourcingTelemetry.Name) { Scope = hosted });
        _gauges =
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

    /// <summary>Keeps the status fresh as long as somebody collects it.</summary>
    public async Task RefreshAsync(CancellationToken stop)
    {
        var clock = _hosted.Clock;
        while (!stop.IsCancellationRequested)
        {
            var lease = _hosted.Settings.LeaseDuration;
            if (_gauges.Exists(gauge => gauge.Enabled))
            {
                try
                {
                    await _hosted.Health.ReadAsync(lease / 2, stop).ConfigureAwait(false);
                }
                catch (Exception error) when (error is EventSourcingException or ObjectDisposedException)
                {
                    StoreLog.StatusUnknown(_hosted.Logger, _hosted.Name, error.GetType().ToString());
                }
            }

            await Task.Delay(lease, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => _meter.Dispose();

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
            new KeyValuePair<string, object?>("eventsourcing.store", _hosted.Name),
            new KeyValuePair<string, object?>("eventsourcing.projection", one.Name)));
}
