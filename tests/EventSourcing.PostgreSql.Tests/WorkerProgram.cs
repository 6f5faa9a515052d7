using System.Diagnostics;
using System.Globalization;
using EventSourcing.PostgreSql.Tests.Concurrency;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// What this assembly does when it is started as a process of its own: another app on a test's store. It prints a line for each
/// append that was acknowledged, or what the mode says.
/// </summary>
public static class WorkerProgram
{
    public static Task<int> Main(string[] arguments) => arguments switch
    {
        ["append", var connectionString, var schema, var stream, var callers, var count] =>
            AppendAsync(connectionString, schema, stream, Number(callers), Number(count)),
        ["decide", var connectionString, var schema] => DecisionWorker.RunAsync(connectionString, schema),
        ["serve", var connectionString, var schema] => RemoteStorage.ServeAsync(connectionString, schema),
        ["host", var connectionString, var schema, var name] => ProjectionHost.RunAsync(connectionString, schema, name),
        _ => Task.FromResult(64),
    };

    /// <summary>The store as a worker opens it. It waits as long as a test may take.</summary>
    public static PostgresEventStorage Open(string connectionString, string schema) => new(connectionString, OneSchema.OptionsFor(schema) with
    {
        PollInterval = TimeSpan.FromMilliseconds(15),
        BusyTimeout = TimeSpan.FromMinutes(1),
        HolderTimeout = TimeSpan.FromSeconds(2),
    });

    public static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])["exec", typeof(WorkerProgram).Assembly.Location, .. arguments])
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    /// <summary>
    /// Starts a process that says that it is ready, and then prints the id of each event that was acknowledged. An append whose
    /// outcome it does not learn it repeats until it does. It ends when all are appended, or with its input.
    /// </summary>
    public static Process StartAppending(string connectionString, string schema, string stream, int callers, int count) =>
        Start("append", connectionString, schema, stream, callers.ToString(CultureInfo.InvariantCulture),
            count.ToString(CultureInfo.InvariantCulture));

    /// <summary>Suspends, resumes or kills a process: STOP, CONT, KILL.</summary>
    public static void Signal(this Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static async Task<int> AppendAsync(string connectionString, string schema, string stream, int callers, int count)
    {
        await using var storage = Open(connectionString, schema);
        await storage.GetHeadAsync();
        Say("ready");
        using var stop = new CancellationTokenSource();
        _ = Task.Run(() =>
        {
            while (Console.ReadLine() is not null)
            {
            }

            stop.Cancel();
        });
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < count && !stop.IsCancellationRequested; i++)
            {
                var request = Some.Append(caller % 2 == 0 ? $"{stream}-{caller}" : "shared", ExpectedVersion.Any);
                await UntilItIsKnownAsync(storage, request);
                Say(request.Writes[0].Events[0].Id.ToString());
            }
        })));
        return 0;
    }

    private static async Task UntilItIsKnownAsync(PostgresEventStorage storage, AppendRequest request)
    {
        while (true)
        {
            try
            {
                await storage.AppendAsync(request);
                return;
            }
            catch (StorageFailedException)
            {
                await Task.Delay(20);
            }
        }
    }

    /// <summary>A whole line or nothing: the process may be killed at any moment.</summary>
    private static void Say(string line)
    {
        var bytes = System.Text.Encoding.ASCII.GetBytes(line + "\n");
        lock (typeof(WorkerProgram))
        {
            using var output = Console.OpenStandardOutput();
            output.Write(bytes);
        }
    }
}
