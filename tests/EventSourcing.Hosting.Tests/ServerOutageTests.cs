using EventSourcing.Tests.Postgres;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace EventSourcing.Hosting.Tests;

/// <summary>A host whose server goes and comes back: nobody has to start anything again.</summary>
public sealed class ServerOutageTests
{
    [OwnServerFact]
    public async Task Server_gone_for_a_while_and_back_is_unhealthy_then_healthy_and_nothing_acknowledged_is_missing()
    {
        using var server = PostgresInstance.Start(PostgresServer.Binaries, isDurable: true);
        var place = new[] { server.ConnectionString(), "parcels" };
        await using var app = await TestApp.StartAsync(
            store => store.UseStorage((_, _) => HostProgram.Open(place)).AddProjection<PendingParcels>().AddReactor<Courier>());
        await app.Store.SendAsync("ann");
        await TestApp.UntilAsync(async () => await app.PendingAsync("ann") == 1, "projected");
        await app.UntilHealthAsync(HealthStatus.Healthy);

        server.Stop("immediate");
        (await app.HealthAsync()).Should().Be(HealthStatus.Unhealthy, "the first probe tells it");
        var late = TestApp.Build(store => store.UseStorage((_, _) => HostProgram.Open(place)).AddProjection<PendingParcels>());
        var starting = late.Host.StartAsync();
        await Task.Delay(TimeSpan.FromSeconds(5));
        (await app.HealthAsync()).Should().Be(HealthStatus.Unhealthy);
        starting.IsCompleted.Should().BeFalse("a host that starts meanwhile waits for the server");

        server.Start();
        await app.UntilHealthAsync(HealthStatus.Healthy);
        await starting;
        await late.UntilHealthAsync(HealthStatus.Healthy);
        await app.Store.SendAsync("ann");
        await TestApp.UntilAsync(async () => await late.PendingAsync("ann") == 2, "projected");
        await TestApp.UntilAsync(() => app.Script.Delivered.Count >= 2, "delivered");
        await late.DisposeAsync();
    }
}
