using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EventSourcing.Hosting.Tests;

/// <summary>Health is never green while something is dead, and never red while all is well.</summary>
public class HealthTests
{
    [Fact]
    public async Task Lose_the_storage_is_unhealthy_without_saying_where_it_is_and_recovers_by_itself()
    {
        var outage = new Outage(new InMemoryEventStorage());
        await using var app = await TestApp.StartAsync(store => store.UseStorage((_, _) => outage.Storage).AddProjection<PendingParcels>().AddReactor<Courier>());
        await app.Store.SendAsync("ann");
        await app.UntilHealthAsync(HealthStatus.Healthy);
        outage.Begin();
        var report = (await app.ProbeAsync()).Entries.Single().Value;
        report.Status.Should().Be(HealthStatus.Unhealthy);
        report.Description.Should().Contain("StorageFailedException").And.NotContain("nobody may know");
        report.Exception.Should().BeNull();
        await Task.Delay(TimeSpan.FromSeconds(1));
        outage.End();
        await app.UntilHealthAsync(HealthStatus.Healthy);
        await app.Store.SendAsync("ann");
        await TestApp.UntilAsync(async () => await app.PendingAsync("ann") == 2, "projected");
        await TestApp.UntilAsync(() => app.Script.Delivered.Count >= 2, "delivered");
    }

    [Fact]
    public async Task Park_is_degraded_with_the_type_of_the_error_and_resume_is_healthy()
    {
        await using var app = await TestApp.StartAsync(store => InMemory(store).AddProjection<PendingParcels>(new ProjectionOptions { RetryDelays = [] }));
        app.Script.Fold = _ => throw new InvalidOperationException("a secret");
        await app.Store.SendAsync("ann");
        await app.UntilHealthAsync(HealthStatus.Degraded);
        var entry = (await app.ProbeAsync()).Entries.Single().Value;
        entry.Description.Should().Be("'pending' has parked 1.");
        entry.Data["pending.parked"].Should().Be(1);
        app.Script.Fold = _ => { };
        await app.Host.Services.GetRequiredService<ProjectionAdmin>().ResumeAllAsync("pending");
        await app.UntilHealthAsync(HealthStatus.Healthy);
    }

    [Fact]
    public async Task Hang_in_a_handler_is_degraded_after_a_while_and_lag_alone_is_not()
    {
        await using var app = await TestApp.StartAsync(store => InMemory(store).AddReactor<Courier>(), app: null, "EventSourcing:parcels:DegradedAfter=00:00:00.5");
        var go = new TaskCompletionSource();
        app.Script.Deliver = (_, _, token) => go.Task.WaitAsync(token);
        await app.Store.SendAsync("ann");
        (await app.HealthAsync()).Should().Be(HealthStatus.Healthy, "it is behind, but not for long");
        await app.UntilHealthAsync(HealthStatus.Degraded);
        (await app.ProbeAsync()).Entries.Single().Value.Description.Should().Contain("'courier' is 1 behind and has made no progress");
        go.SetResult();
        await app.UntilHealthAsync(HealthStatus.Healthy);
    }

    [Fact]
    public async Task Suspend_the_only_process_that_runs_a_projection_is_told_within_three_leases_and_over_half_a_lease_after_it_wakes()
    {
        var lease = TimeSpan.FromSeconds(0.3);
        var (inner, clock) = (new InMemoryEventStorage(), new HandClock());
        var suspended = new Outage(new Shared(inner).Storage);
        await using var worker = await TestApp.StartAsync(store => store.UseStorage((_, _) => suspended.Storage).AddProjection<PendingParcels>());
        await using var web = await TestApp.StartAsync(
            store => store.UseStorage((_, _) => new Shared(inner, clock).Storage).AddProjection<PendingParcels>(), app: null, "EventSourcing:parcels:RunProjections=false");
        await web.Store.SendAsync("ann");
        await TestApp.UntilAsync(async () => await web.PendingAsync("ann") == 1, "projected");
        clock.Pass(lease);
        (await web.HealthAsync()).Should().Be(HealthStatus.Healthy);
        suspended.Hold();
        await web.Store.SendAsync("ann");

        // The clock of the one who looks goes on by quarters of a lease, whatever the machine does meanwhile.
        var quarters = 0;
        while (quarters < 20 && await web.HealthAsync() != HealthStatus.Unhealthy)
        {
            clock.Pass(lease / 4);
            quarters++;
        }

        quarters.Should().BeInRange(10, 12);
        (await web.ProbeAsync()).Entries.Single().Value.Description.Should().Be("'pending' is 1 behind and no process that runs it gives a sign of life.");
        suspended.LetGo();
        await TestApp.UntilAsync(async () => await web.PendingAsync("ann") == 2, "projected");
        clock.Pass(lease / 2);
        (await web.HealthAsync()).Should().Be(HealthStatus.Healthy);
    }

    [Fact]
    public async Task Probe_seldom_counts_from_when_a_projection_is_first_seen_behind_and_not_from_the_probe_before()
    {
        var lease = TimeSpan.FromSeconds(0.3);
        var (inner, clock) = (new InMemoryEventStorage(), new HandClock());
        var suspended = new Outage(new Shared(inner).Storage);
        await using var worker = await TestApp.StartAsync(store => store.UseStorage((_, _) => suspended.Storage).AddProjection<PendingParcels>());
        await using var web = await TestApp.StartAsync(
            store => store.UseStorage((_, _) => new Shared(inner, clock).Storage).AddProjection<PendingParcels>(),
            app: null,
            "EventSourcing:parcels:RunProjections=false");
        await web.Store.SendAsync("ann");
        await TestApp.UntilAsync(async () => await web.PendingAsync("ann") == 1, "projected");
        clock.Pass(lease);
        (await web.HealthAsync()).Should().Be(HealthStatus.Healthy);
        clock.Pass(TimeSpan.FromMinutes(1)); // nothing happens, and nobody asks
        suspended.Hold();
        await web.Store.SendAsync("ann");
        (await web.HealthAsync()).Should().Be(HealthStatus.Healthy, "the event has only just come");
        clock.Pass(lease * 2.5);
        (await web.HealthAsync()).Should().Be(HealthStatus.Unhealthy);
        suspended.LetGo();
        await TestApp.UntilAsync(async () => await web.PendingAsync("ann") == 2, "projected");
    }

    [Fact]
    public async Task Suspend_the_owner_lets_the_one_that_stands_by_take_over_and_both_are_healthy()
    {
        var inner = new InMemoryEventStorage();
        var suspended = new Outage(new Shared(inner).Storage);
        await using var first = await TestApp.StartAsync(store => store.UseStorage((_, _) => suspended.Storage).AddProjection<PendingParcels>());
        await first.Store.SendAsync("ann");
        await TestApp.UntilAsync(async () => await first.PendingAsync("ann") == 1, "projected");
        await using var second = await TestApp.StartAsync(store => store.UseStorage((_, _) => new Shared(inner).Storage).AddProjection<PendingParcels>());
        await TestApp.UntilAsync(
            async () => (await second.ProbeAsync()).Entries.Single().Value.Data.GetValueOrDefault("pending.state") is "Standby", "stands by");
        await second.UntilHealthAsync(HealthStatus.Healthy);
        suspended.Hold();
        await second.Store.SendAsync("ann");
        await TestApp.UntilAsync(async () => await second.PendingAsync("ann") == 2, "taken over");
        var log = second.Logs.GetSnapshot().Single(log => log.Id.Id == 1001);
        log.GetStructuredStateValue("ProcessId").Should().Be(Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture));
        suspended.LetGo();
        await first.UntilHealthAsync(HealthStatus.Healthy);
        await second.UntilHealthAsync(HealthStatus.Healthy);
    }

    [Fact]
    public async Task Rebuild_from_many_events_is_healthy_at_every_probe()
    {
        await using var app = await TestApp.StartAsync(store => InMemory(store).AddProjection<PendingParcels>(), app: null, "EventSourcing:parcels:LeaseDuration=00:00:02");
        var parcels = Enumerable.Range(0, 1_000).Select(i => (object)new ParcelSent($"to {i}")).ToList();
        for (var i = 0; i < 100; i++) await app.Store.AppendAsync($"parcel-{i}", ExpectedVersion.NoStream, parcels);
        await TestApp.UntilAsync(async () => await app.PendingAsync("to 999") == 100, "level");
        await app.Host.Services.GetRequiredService<ProjectionAdmin>().RebuildAsync("pending");
        var probes = 0;
        await TestApp.UntilAsync(
            async () =>
            {
                (await app.HealthAsync()).Should().Be(HealthStatus.Healthy);
                probes++;
                return app.Logs.GetSnapshot().Any(log => log.Id.Id == 1012);
            },
            "rebuilt");
        probes.Should().BeGreaterThan(1);
    }

    [Fact]
    public async Task Probe_again_and_again_reads_the_head_alone()
    {
        var outage = new Outage(new InMemoryEventStorage());
        await using var app = await TestApp.StartAsync(
            store => store.UseStorage((_, _) => outage.Storage).AddProjection<PendingParcels>(), app: null, "EventSourcing:parcels:LeaseDuration=01:00:00");
        await app.Store.SendAsync("ann");
        await TestApp.UntilAsync(async () => await app.PendingAsync("ann") == 1, "projected");
        await app.UntilHealthAsync(HealthStatus.Healthy);
        outage.CountMine();
        for (var i = 0; i < 100; i++) await app.ProbeAsync();
        (outage.Reads, outage.Heads).Should().Be((0, 100));
    }

    [Fact]
    public async Task Stop_by_an_order_is_degraded_and_start_healthy()
    {
        await using var app = await TestApp.StartAsync(store => InMemory(store).AddProjection<PendingParcels>());
        var admin = app.Host.Services.GetRequiredService<ProjectionAdmin>();
        await app.UntilHealthAsync(HealthStatus.Healthy);
        await admin.StopAsync("pending");
        await app.UntilHealthAsync(HealthStatus.Degraded);
        await admin.StartAsync("pending");
        await app.UntilHealthAsync(HealthStatus.Healthy);
    }

    private static EventStoreBuilder InMemory(EventStoreBuilder store) => store.UseStorage((_, _) => new InMemoryEventStorage());
}
