using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace EventSourcing.Hosting.Tests;

/// <summary>What happens when the loop of a projection has ended with a failure.</summary>
public class RestartTests
{
    private static readonly ProjectionOptions Stopping = new() { OnFailure = FailureMode.Stop, RetryDelays = [], LeaseDuration = TimeSpan.FromSeconds(0.3) };

    [Fact]
    public async Task Fail_is_unhealthy_and_started_again_with_growing_pauses_until_it_succeeds()
    {
        await using var app = await TestApp.StartAsync(Projection);
        var isBroken = true;
        app.Script.Fold = _ =>
        {
            if (isBroken) throw new InvalidOperationException("broken");
        };
        await app.Store.SendAsync("ann");
        await app.UntilHealthAsync(HealthStatus.Unhealthy);
        await TestApp.UntilAsync(() => Pauses(app).Count >= 4, "some restarts");
        isBroken = false;
        await TestApp.UntilAsync(async () => await app.PendingAsync("ann") == 1, "projected");
        await app.UntilHealthAsync(HealthStatus.Healthy);
        Pauses(app).Take(4).Should().Equal([20, 40, 80, 160], "a restart waits twice as long as the one before");
        var data = (await app.ProbeAsync()).Entries["eventstore-parcels"].Data;
        data["pending.restarts"].Should().Be(Pauses(app).Count);
        data["pending.state"].Should().Be("Live");
    }

    [Fact]
    public async Task Fail_while_another_service_starts_and_waits_is_started_again_before_the_host_has_started()
    {
        var failures = 0;
        await using var app = TestApp.BuildAndChange(Projection, services => services.AddSingleton<IHostedService, WarmUp>());
        app.Script.Fold = _ =>
        {
            if (Interlocked.Increment(ref failures) == 1) throw new InvalidOperationException("broken");
        };
        await app.Host.StartAsync();
        (await app.PendingAsync("ann")).Should().Be(1);
        failures.Should().Be(2);
    }

    [Fact]
    public async Task Edit_a_setting_to_what_cannot_be_is_logged_once_and_nothing_ends_by_it()
    {
        await using var app = await TestApp.StartAsync(Projection);
        var configuration = app.Host.Services.GetRequiredService<IConfiguration>();
        Edit("00:00:00");
        await TestApp.UntilAsync(() => Refused().Count == 1, "logged");
        app.Script.Fold = _ => throw new InvalidOperationException("broken");
        await app.Store.SendAsync("ann");
        await TestApp.UntilAsync(() => Pauses(app).Count >= 2, "it is started again by the settings before");
        Refused().Should().ContainSingle().Which.Should().Contain("EventSourcing:parcels:LeaseDuration").And.Contain("00:00:00");
        app.Script.Fold = _ => { };
        await app.UntilHealthAsync(HealthStatus.Healthy);

        Edit("00:00:00.2");
        await app.Store.SendAsync("bob");
        await TestApp.UntilAsync(async () => await app.PendingAsync("bob") == 1, "projected");
        Edit("soon");
        await TestApp.UntilAsync(() => Refused().Count == 2, "the gauges are still read, so the next edit is noticed too");
        await FluentActions.Awaiting(() => app.Host.StopAsync()).Should().NotThrowAsync();

        List<string> Refused() => [.. app.Logs.GetSnapshot().Where(log => log.Id.Id == 907).Select(log => log.Message)];

        void Edit(string leaseDuration)
        {
            configuration["EventSourcing:parcels:LeaseDuration"] = leaseDuration;
            try
            {
                ((IConfigurationRoot)configuration).Reload();
            }
            catch (Exception)
            {
                // Whoever reloads it is told as well.
            }
        }
    }

    [Fact]
    public async Task Fail_stops_the_host_if_the_settings_say_so()
    {
        await using var app = await TestApp.StartAsync(Projection, app: null, "EventSourcing:parcels:OnFailure=StopHost");
        app.Script.Fold = _ => throw new InvalidOperationException("broken");
        var stopping = app.Host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        await app.Store.SendAsync("ann");
        await TestApp.UntilAsync(() => stopping.IsCancellationRequested, "stopping");
        app.Logs.GetSnapshot().Should().Contain(log => log.Id.Id == 904);
        Environment.ExitCode.Should().Be(1);
        Environment.ExitCode = 0;
    }

    [Fact]
    public async Task Fail_stays_failed_and_unhealthy_if_the_settings_say_so_until_an_order_starts_it()
    {
        await using var app = await TestApp.StartAsync(Projection, app: null, "EventSourcing:parcels:OnFailure=Ignore");
        app.Script.Fold = _ => throw new InvalidOperationException("broken");
        await app.Store.SendAsync("ann");
        await TestApp.UntilAsync(() => app.Logs.GetSnapshot().Any(log => log.Id.Id == 905), "left");
        (await app.HealthAsync()).Should().Be(HealthStatus.Unhealthy, "the next probe tells it");
        app.Script.Fold = _ => { };
        await app.Host.Services.GetRequiredService<ProjectionAdmin>().StartAsync("pending");
        await TestApp.UntilAsync(async () => await app.PendingAsync("ann") == 1, "projected");
        await app.UntilHealthAsync(HealthStatus.Healthy);
        Pauses(app).Should().BeEmpty();
    }

    private static void Projection(EventStoreBuilder store) => store.UseStorage((_, _) => new InMemoryEventStorage()).AddProjection<PendingParcels>(Stopping);

    private static List<double> Pauses(TestApp app) =>
    [
        .. app.Logs.GetSnapshot().Where(log => log.Id.Id == 903)
            .Select(log => TimeSpan.Parse(log.GetStructuredStateValue("Pause")!, System.Globalization.CultureInfo.InvariantCulture).TotalMilliseconds),
    ];

    /// <summary>Appends an event when it is started, and waits until it is projected.</summary>
    private sealed class WarmUp(EventStore store, PendingParcels pending) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            await store.SendAsync("ann");
            await TestApp.UntilAsync(async () => await store.ReadModel(pending).FindAsync("ann") is { Count: 1 }, "projected");
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
