using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing.Hosting.Tests;

/// <summary>
/// What this assembly does when it is started as a process of its own: another host on a test's store, which runs its projection. It says
/// when it runs, and stops when its input ends.
/// </summary>
public static class HostProgram
{
    /// <summary>Long enough that a process which starts on a busy machine does not lose it.</summary>
    public const string Lease = "EventSourcing:parcels:LeaseDuration=00:00:01.5";

    public static async Task<int> Main(string[] arguments)
    {
        await using var app = await TestApp.StartAsync(
            store => store.UseStorage((_, _) => Open(arguments)).AddProjection<PendingParcels>(), app: null, Lease);
        var admin = app.Host.Services.GetRequiredService<ProjectionAdmin>();
        await TestApp.UntilAsync(
            async () => (await admin.GetStatusAsync()).Any(one => one.Runner?.ProcessId == Environment.ProcessId), "runs here");
        Console.WriteLine("ready");
        while (await Console.In.ReadLineAsync() is not null)
        {
        }

        return 0;
    }

    /// <summary>Opens a store as a host of a test does.</summary>
    /// <param name="place">The file; or the connection string and the schema.</param>
    public static IEventStorage Open(params string[] place) => place switch
    {
        [var file] => new SqliteEventStorage(file),
        [var server, var schema] => new PostgresEventStorage(server, new PostgresEventStorageOptions
        {
            Schema = schema,
            PollInterval = TimeSpan.FromMilliseconds(15),
            HolderTimeout = TimeSpan.FromSeconds(1),
            AllowLossOfAcknowledgedEvents = true, // the server of the tests does not sync
        }),
        _ => throw new ArgumentException("Give a file, or a connection string and a schema.", nameof(place)),
    };

    /// <summary>Starts a process, and waits until the projection runs there.</summary>
    public static async Task<Process> StartAsync(params string[] place)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])["exec", typeof(HostProgram).Assembly.Location, .. place]) start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        (await process.StandardOutput.ReadLineAsync()).Should().Be("ready");
        return process;
    }

    /// <summary>Suspends or resumes a process: STOP, CONT.</summary>
    public static void Signal(this Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Lets the host of a process stop.</summary>
    public static async Task EndAsync(this Process process)
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0);
    }
}
