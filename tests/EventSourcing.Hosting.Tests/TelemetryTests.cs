using System.Security.Cryptography;
using EventSourcing.Tests.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EventSourcing.Hosting.Tests;

public class TelemetryTests
{
    private const string Canary = "canary-4711";
    private static readonly EcdsaNoteSigner Signer = new("parcels.example", ECDsa.Create(ECCurve.NamedCurves.nistP256));
    private readonly string _name = $"parcels {Guid.NewGuid():N}";

    [Fact]
    public async Task Collect_gauges_answers_with_the_approved_names_and_units_and_reads_nothing_itself()
    {
        using var watch = new Watch("parcels");
        var outage = new Outage(SqliteEventStorage.CreateTemporary());
        await using var app = await TestApp.StartAsync(store => store
            .UseStorage((_, _) => outage.Storage)
            .Configure(Signed)
            .AddProjection<PendingParcels>(new ProjectionOptions { RetryDelays = [] })
            .AddReactor<Courier>());
        app.Script.Fold = _ => throw new InvalidOperationException(Canary);
        await app.Store.SendAsync("ann");
        await TestApp.UntilAsync(
            () =>
            {
                watch.Ask();
                return watch.Measured.Any(one => one.Instrument.Name == "eventsourcing.projection.parked" && one.Value == 1)
                    && watch.Measured.Any(one => one.Instrument.Name == "eventsourcing.checkpoint.age");
            },
            "what is known is fresh although nobody probes");
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
    public async Task Age_of_the_checkpoint_is_that_of_the_first_event_not_covered_and_nothing_once_all_are()
    {
        using var watch = new Watch(_name);
        await using var app = await TestApp.StartAsync(_name, store => store
            .UseStorage((_, _) => new InMemoryEventStorage()).Configure(Signed));
        await UntilLastAsync(watch, "eventsourcing.checkpoint.age", age => age == 0);
        await app.Store.SendAsync("ann");
        await UntilLastAsync(watch, "eventsourcing.checkpoint.age", age => age > 0);
        await app.Store.Ledger.SignCheckpointAsync();
        await UntilLastAsync(watch, "eventsourcing.checkpoint.age", age => age == 0);
        watch.Measured.Should().NotContain(one => one.Instrument.Name == "eventsourcing.wal.size", "nothing in memory has a log");
    }

    [Fact]
    public async Task Size_of_the_log_is_that_of_its_file()
    {
        using var watch = new Watch(_name);
        using var folder = new TempFolder();
        var path = folder.PathOf("parcels.db");
        await using var app = await TestApp.StartAsync(_name, store => store.UseStorage((_, _) => new SqliteEventStorage(path)));
        await app.Store.SendAsync("ann");
        var length = new FileInfo(path + "-wal").Length;
        length.Should().BePositive();
        await UntilLastAsync(watch, "eventsourcing.wal.size", size => size == length);
        watch.Span("append parcel").GetTagItem("db.system.name").Should().Be("sqlite");
        watch.Measured.Should().NotContain(one => one.Instrument.Name == "eventsourcing.checkpoint.age", "nobody signs");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Wait_for_the_lock_of_another_process_is_measured_whether_or_not_it_is_had(bool isLetGo)
    {
        using var watch = new Watch(_name);
        using var folder = new TempFolder();
        var path = folder.PathOf("parcels.db");
        var busy = TimeSpan.FromMilliseconds(isLetGo ? 30_000 : 200);
        await using var app = await TestApp.StartAsync(_name, store => store
            .UseStorage((_, _) => new SqliteEventStorage(path, new SqliteEventStorageOptions { BusyTimeout = busy })));
        await app.Store.SendAsync("ann");
        watch.Measured.Count(one => one.Instrument.Name == "eventsourcing.append.lock_wait").Should().Be(1);
        var held = TimeSpan.FromMilliseconds(100);
        using (var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={path};Pooling=False"))
        {
            other.Open();
            using var transaction = other.BeginTransaction(deferred: false);
            var waiting = app.Store.SendAsync("ann");
            await Task.Delay(held);
            if (isLetGo)
            {
                transaction.Rollback();
                await waiting;
            }
            else
            {
                await waiting.Awaiting(append => append).Should().ThrowAsync<StoreBusyException>();
            }
        }

        var waits = watch.Measured.Where(one => one.Instrument.Name == "eventsourcing.append.lock_wait").ToList();
        waits.Should().HaveCount(2);
        waits[1].Value.Should().BeGreaterThanOrEqualTo(held.TotalSeconds * 0.9, "it is known to have been held that long");
        waits[1].Value.Should().BeLessThanOrEqualTo(
            watch.Measured.Last(one => one.Instrument.Name == "eventsourcing.append.duration").Value, "it is part of the append");
    }

    private static EventStoreOptions Signed(EventStoreOptions options) => options with
    {
        Ledger = new LedgerOptions { Origin = "parcels.example", Signers = [Signer], EveryEvents = null, Interval = TimeSpan.FromHours(1) },
    };

    private static async Task UntilLastAsync(Watch watch, string gauge, Predicate<double> isSo)
    {
        await TestApp.UntilAsync(
            () =>
            {
                watch.Ask();
                return watch.Measured.LastOrDefault(one => one.Instrument.Name == gauge) is { Instrument: not null } last && isSo(last.Value);
            },
            gauge);
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
