using EventSourcing.Tests.Postgres;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EventSourcing.Hosting.Tests;

/// <summary>Several hosts on one store of a server or in one file: they share the work by leases, and health tells who is missing.</summary>
public sealed class SeveralHostsTests
{
    private const string RunNothing = "EventSourcing:parcels:RunProjections=false";

    [PostgresFact]
    public async Task Run_two_hosts_on_one_server_shares_the_work_and_hands_it_over_when_one_stops()
    {
        using var schema = new TestSchema();
        var first = await StartAsync(PostgresServer.ConnectionString, schema.Name);
        await using var second = await StartAsync(PostgresServer.ConnectionString, schema.Name);
        var scripts = new[] { first.Script, second.Script };
        for (var i = 0; i < 10; i++) await (i % 2 == 0 ? first : second).Store.SendAsync("ann");
        await TestApp.UntilAsync(async () => await second.PendingAsync("ann") == 10, "projected");
        await TestApp.UntilAsync(() => Delivered() == 10, "delivered");
        await first.UntilHealthAsync(HealthStatus.Healthy);
        await second.UntilHealthAsync(HealthStatus.Healthy);
        foreach (var name in (string[])["pending", "courier"])
        {
            await TestApp.UntilAsync(
                async () => new[] { await StateAsync(first, name), await StateAsync(second, name) }.Order().SequenceEqual(["Live", "Standby"]),
                $"one runs '{name}', the other stands by");
        }

        await first.DisposeAsync();
        await second.Store.SendAsync("ann");
        await TestApp.UntilAsync(async () => await second.PendingAsync("ann") == 11, "handed over");
        await TestApp.UntilAsync(() => Delivered() == 11, "delivered after it was handed over");
        await second.UntilHealthAsync(HealthStatus.Healthy);
        await TestApp.UntilAsync(async () => await StateAsync(second, "pending") == "Live", "the other runs it");

        int Delivered() => scripts.Sum(script => script.Delivered.Count);
    }

    [UnixPostgresFact]
    public async Task Suspend_the_process_that_runs_a_projection_of_a_server_is_told_and_over_when_it_wakes()
    {
        using var schema = new TestSchema();
        await SuspendTheOnlyOneAsync(isSafe: () => true, PostgresServer.ConnectionString, schema.Name);
    }

    [UnixFact]
    public async Task Suspend_the_process_that_runs_a_projection_of_a_file_is_told_and_over_when_it_wakes()
    {
        using var folder = new TempFolder();
        var file = folder.PathOf("parcels.db");
        await SuspendTheOnlyOneAsync(() => IsUnlocked(file), file);
    }

    [UnixPostgresFact]
    public async Task Suspend_the_owner_on_a_server_is_taken_over_and_nothing_counts_twice_when_it_wakes()
    {
        using var schema = new TestSchema();
        await SuspendTheOwnerAsync(isSafe: () => true, PostgresServer.ConnectionString, schema.Name);
    }

    [UnixFact]
    public async Task Suspend_the_owner_on_a_file_is_taken_over_and_nothing_counts_twice_when_it_wakes()
    {
        using var folder = new TempFolder();
        var file = folder.PathOf("parcels.db");
        await SuspendTheOwnerAsync(() => IsUnlocked(file), file);
    }

    private static async Task SuspendTheOnlyOneAsync(Func<bool> isSafe, params string[] place)
    {
        using var worker = await HostProgram.StartAsync(place);
        try
        {
            await using var web = await TestApp.StartAsync(
                store => store.UseStorage((_, _) => HostProgram.Open(place)).AddProjection<PendingParcels>(),
                app: null,
                HostProgram.Lease,
                RunNothing);
            await web.Store.SendAsync("ann");
            await TestApp.UntilAsync(async () => await web.PendingAsync("ann") == 1, "projected by the process");
            await web.UntilHealthAsync(HealthStatus.Healthy);
            await SuspendAsync(worker, isSafe);
            await web.Store.SendAsync("ann");
            await web.UntilHealthAsync(HealthStatus.Unhealthy);
            (await web.ProbeAsync()).Entries.Single().Value.Description.Should().Be(
                "'pending' is 1 behind and no process that runs it gives a sign of life.");
            worker.Signal("CONT");
            await web.UntilHealthAsync(HealthStatus.Healthy);
            (await web.PendingAsync("ann")).Should().Be(2);
        }
        finally
        {
            worker.Signal("CONT");
            await worker.EndAsync();
        }
    }

    private static async Task SuspendTheOwnerAsync(Func<bool> isSafe, params string[] place)
    {
        using var owner = await HostProgram.StartAsync(place);
        try
        {
            await using var other = await StartAsync(place);
            await other.Store.SendAsync("ann");
            await TestApp.UntilAsync(async () => await other.PendingAsync("ann") == 1, "projected by the process");
            await TestApp.UntilAsync(async () => await StateAsync(other, "pending") == "Standby", "stands by");
            await SuspendAsync(owner, isSafe);
            await other.Store.SendAsync("ann");
            await TestApp.UntilAsync(async () => await other.PendingAsync("ann") == 2, "taken over");
            other.Logs.GetSnapshot().Should().ContainSingle(log => log.Id.Id == 1001).Which.GetStructuredStateValue("ProcessId")
                .Should().Be(owner.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
            await other.UntilHealthAsync(HealthStatus.Healthy);
            owner.Signal("CONT");
            for (var i = 0; i < 10; i++) await other.Store.SendAsync("ann");
            await TestApp.UntilAsync(async () => await other.PendingAsync("ann") == 12, "projected once each");
            await other.UntilHealthAsync(HealthStatus.Healthy);
        }
        finally
        {
            owner.Signal("CONT");
            await owner.EndAsync();
        }
    }

    /// <summary>Suspends a process at a moment when it does not hold the lock of a file: nobody could write then, which is another case.</summary>
    private static async Task SuspendAsync(System.Diagnostics.Process process, Func<bool> isSafe)
    {
        while (true)
        {
            process.Signal("STOP");
            if (isSafe()) return;
            process.Signal("CONT");
            await Task.Delay(10);
        }
    }

    private static bool IsUnlocked(string file)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False;Default Timeout=1");
        connection.Open();
        try
        {
            using var transaction = connection.BeginTransaction(deferred: false);
            transaction.Rollback();
            return true;
        }
        catch (SqliteException busy) when (busy.SqliteErrorCode == 5)
        {
            return false;
        }
    }

    private static Task<TestApp> StartAsync(params string[] place) => TestApp.StartAsync(
        store => store.UseStorage((_, _) => HostProgram.Open(place)).AddProjection<PendingParcels>().AddReactor<Courier>(),
        app: null,
        HostProgram.Lease);

    private static async Task<string?> StateAsync(TestApp app, string name) =>
        (await app.ProbeAsync()).Entries.Single().Value.Data.GetValueOrDefault($"{name}.state") as string;
}
