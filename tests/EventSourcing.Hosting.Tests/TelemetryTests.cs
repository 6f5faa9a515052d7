using EventSourcing.Tests.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EventSourcing.Hosting.Tests;

public class TelemetryTests
{
    private const string Canary = "canary-4711";

    [Fact]
    public async Task Collect_gauges_answers_with_the_approved_names_and_units_and_reads_nothing_itself()
    {
        using var watch = new Watch("parcels");
        var outage = new Outage(new InMemoryEventStorage());
        await using var app = await TestApp.StartAsync(
            store => store.UseStorage((_, _) => outage.Storage).AddProjection<PendingParcels>(new ProjectionOptions { RetryDelays = [] }).AddReactor<Courier>());
        app.Script.Fold = _ => throw new InvalidOperationException(Canary);
        await app.Store.SendAsync("ann");
        await TestApp.UntilAsync(
            () =>
            {
                watch.Ask();
                return watch.Measured.Any(one => one.Instrument.Name == "eventsourcing.projection.parked" && one.Value == 1);
            },
            "the status is fresh although nobody probes");
        var approved = await File.ReadAllLinesAsync("Telemetry/Instruments.txt");
        watch.Lines.Where(line => line.StartsWith("gauge", StringComparison.Ordinal))
            .Should().Equal(approved.Where(line => line.StartsWith("gauge", StringComparison.Ordinal)));
        watch.Measured.Where(one => one.Instrument.Name == "eventsourcing.reactor.oldest_undelivered")
            .Should().OnlyContain(one => one.Tags.Any(tag => tag.Value as string == "courier"));
        watch.Text.Should().NotContain(Canary);

        outage.Begin();
        var known = watch.Measured.Count;
        watch.Ask();
        watch.Measured.Count.Should().BeGreaterThan(known, "a gauge answers although nothing can be read");
    }

    [Fact]
    public async Task Fail_in_every_way_shows_no_payload_no_metadata_and_no_place_of_the_store_in_logs_and_health()
    {
        var outage = new Outage(new InMemoryEventStorage());
        var app = await TestApp.StartAsync(store => store
            .UseStorage((_, _) => outage.Storage)
            .AddProjection<PendingParcels>(new ProjectionOptions { RetryDelays = [], OnFailure = FailureMode.Stop, LeaseDuration = TimeSpan.FromSeconds(0.3) })
            .AddReactor<Courier>(new ProjectionOptions { RetryDelays = [TimeSpan.FromMilliseconds(1)] }));
        app.Script.Fold = to => throw new InvalidOperationException(to);
        app.Script.Deliver = (to, _, _) => throw new InvalidOperationException(to);
        var logs = app.Logs;
        var metadata = new EventMetadata { Values = new Dictionary<string, string> { ["user"] = Canary } };
        await app.Store.AppendAsync("parcel-1", ExpectedVersion.Any, [new ParcelSent(Canary)], metadata);
        await TestApp.UntilAsync(() => Has(1004) && Has(1008) && Has(903), "parked, failed and started again");
        var reports = new List<HealthReport> { await app.ProbeAsync() };
        outage.Begin();
        reports.Add(await app.ProbeAsync());
        await TestApp.UntilAsync(() => Has(1006), "the storage fails");
        outage.End();
        await app.DisposeAsync();
        var shown = string.Join('\n', logs.GetSnapshot().Select(log => $"{log.Message} {log.Exception} {string.Join(' ', log.StructuredState ?? [])}"))
            + string.Join('\n', reports.SelectMany(report => report.Entries.Values).Select(entry => $"{entry.Description} {entry.Exception} {string.Join(' ', entry.Data)}"));
        shown.Should().NotContain(Canary).And.NotContain("nobody may know");

        bool Has(int id) => logs.GetSnapshot().Any(log => log.Id.Id == id);
    }

    [Fact]
    public async Task Disable_telemetry_by_a_setting_offers_none()
    {
        using var watch = new Watch("parcels silent");
        await using var app = await TestApp.StartAsync(
            store => store.UseStorage((_, _) => new InMemoryEventStorage()),
            app => Microsoft.Extensions.Hosting.EventStoreHostExtensions.AddKeyedEventStore(
                app, "parcels silent", Parcels.Types, store => store.UseStorage((_, _) => new InMemoryEventStorage()).ConfigureSettings(settings => settings.DisableTelemetry = true)));
        await app.Host.Services.GetRequiredKeyedService<EventStore>("parcels silent").SendAsync("ann");
        watch.Ask();
        watch.Lines.Should().BeEmpty();
    }
}
