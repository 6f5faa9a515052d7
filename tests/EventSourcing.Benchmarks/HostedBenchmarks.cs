using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using static EventSourcing.Benchmarks.Measurement;

namespace EventSourcing.Benchmarks;

/// <summary>What hosting a store costs its appends, against a store that offers no telemetry: with nobody listening, and with collectors.</summary>
internal sealed class HostedBenchmarks(bool quick) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("es-bench-");
    private readonly OrderItemAdded[] _events = [.. Enumerable.Range(0, 1_000).Select(OrderItemAdded.Number)];
    // Many short rounds: the disk's moods last longer than a round, and the median of the ratios is free of them.
    private readonly int _appends = 500;
    private readonly int _rounds = quick ? 15 : 61;
    private int _file;

    public IEnumerable<(string Name, Func<Task> Measure)> All =>
    [
        ("hosted-quiet", () => MeasureAsync("append in a host, nobody listening (floor: a store without telemetry)", 0.98, isWatched: false)),
        ("hosted-watched", () => MeasureAsync("append in a host, traces and metrics collected", 0.85, isWatched: true)),
    ];

    public void Dispose() => _folder.Delete(recursive: true);

    private string NewFile() => Path.Combine(_folder.FullName, string.Create(CultureInfo.InvariantCulture, $"{++_file}.db"));

    private Task MeasureAsync(string work, double target, bool isWatched) => new Measurement(
        work,
        target,
        async _ =>
        {
            var options = new EventStoreOptions { Json = ShopJson.Default.Options, Telemetry = TelemetryStart.Never };
            await using var store = new EventStore(new SqliteEventStorage(NewFile()), new EventTypes(EventType.Of<OrderItemAdded>()), options);
            return await AppendAsync(store);
        },
        async _ =>
        {
            using var watch = isWatched ? new Collector() : null;
            var file = NewFile();
            var builder = Host.CreateEmptyApplicationBuilder(settings: null);
            builder.AddEventStore("bench", new EventTypes(EventType.Of<OrderItemAdded>()), store => store
                .UseStorage((_, _) => new SqliteEventStorage(file))
                .Configure(options => options with { Json = ShopJson.Default.Options }));
            using var host = builder.Build();
            await host.StartAsync();
            var rate = await AppendAsync(host.Services.GetRequiredService<EventStore>());
            await host.StopAsync();
            return rate;
        }).RunAsync(_rounds);

    private async Task<double> AppendAsync(EventStore store)
    {
        await store.AppendAsync("warm", 0, [_events[0]]);
        return await RateAsync(_appends, async () =>
        {
            for (var i = 0; i < _appends; i++) await store.AppendAsync($"order-{i % 100}", i / 100, [_events[i % 1_000]]);
        });
    }

    /// <summary>Takes all that is offered, and each append is part of a trace that is recorded.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly ActivityListener _spans = new()
        {
            ShouldListenTo = source => source.Name == EventSourcingTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };

        private readonly MeterListener _measurements = new();
        private readonly Activity _request = new Activity("request") { ActivityTraceFlags = ActivityTraceFlags.Recorded }.SetIdFormat(ActivityIdFormat.W3C).Start();

        public Collector()
        {
            ActivitySource.AddActivityListener(_spans);
            _measurements.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == EventSourcingTelemetry.Name) listener.EnableMeasurementEvents(instrument);
            };
            _measurements.SetMeasurementEventCallback<double>((_, _, _, _) => { });
            _measurements.SetMeasurementEventCallback<long>((_, _, _, _) => { });
            _measurements.Start();
        }

        public void Dispose()
        {
            _request.Dispose();
            _measurements.Dispose();
            _spans.Dispose();
        }
    }
}
