using System.Diagnostics;
using System.Globalization;
using EventSourcing.Sqlite.Tests.Concurrency;

namespace EventSourcing.Sqlite.Tests;

/// <summary>
/// What this assembly does when it is started as a process of its own: another writer on a test's file. It prints a
/// line for each append that was acknowledged, or what the mode says.
/// </summary>
public static class WorkerProgram
{
    /// <summary>How many callers append at once in <see cref="StartAppendingByMany"/>.</summary>
    public const int Callers = 4;

    /// <summary>
    /// When such a process ends by itself: whoever waits for its lines or its end waits no longer than this, and a process whose test has
    /// failed does not go on for ever.
    /// </summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    public static Task<int> Main(string[] arguments)
    {
        // A thread of its own: it comes to an end also if the pool does not, or if a call of SQLite does not return.
        var limit = new Thread(() =>
        {
            Thread.Sleep(Lifetime);
            Console.Error.WriteLine($"'{string.Join(' ', arguments)}' had not ended after {Lifetime}.");
            Process.GetCurrentProcess().Kill();
        }) { IsBackground = true };
        limit.Start();
        return RunAsync(arguments);
    }

    private static Task<int> RunAsync(string[] arguments) => arguments switch
    {
        ["append", var path, var stream, var count] => AppendAsync(path, stream, int.Parse(count, CultureInfo.InvariantCulture)),
        ["append-by-many", var path, var stream, var count] => AppendByManyAsync(path, stream, int.Parse(count, CultureInfo.InvariantCulture)),
        ["open", var path] => OpenAsync(path),
        ["decide", var path] => DecisionWorker.RunAsync(path),
        ["host", var path, var name] => ProjectionHost.RunAsync(path, name),
        ["serve", var path] => ServeAsync(path),
        ["back-up", var path, var target] => BackUpAsync(path, target),
        ["read-only", var path] => ReadOnlyWork.RunAsync(path, asNobody: false),
        ["read-only-as-nobody", var path] => ReadOnlyWork.RunAsync(path, asNobody: true),
        ["verify-as-nobody", var path] => ForbiddenFileTests.VerifyAsNobodyAsync(path),
        ["contract-on-system-library"] => SystemLibrary.KeepContractAsync(),
        _ => Task.FromResult(64),
    };

    private static async Task<int> OpenAsync(string path)
    {
        await using var storage = new SqliteEventStorage(path);
        Console.WriteLine("opening");
        Console.WriteLine(await storage.GetHeadAsync());
        return 0;
    }

    public static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])["exec", typeof(WorkerProgram).Assembly.Location, .. arguments]) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    public static Process StartAppending(string path, string stream, int count) =>
        Start("append", path, stream, count.ToString(CultureInfo.InvariantCulture));

    private static async Task<int> BackUpAsync(string path, string target)
    {
        await using var storage = new SqliteEventStorage(path);
        await storage.GetHeadAsync();
        Console.WriteLine("backing up");
        await storage.BackupAsync(target);
        Console.WriteLine("done");
        return 0;
    }

    /// <summary>A process that does to a store what it is told, and says when it is done.</summary>
    private static async Task<int> ServeAsync(string path)
    {
        SqliteEventStorage? storage = null;
        while (Console.ReadLine() is { } order)
        {
            switch (order.Split(' '))
            {
                case ["open"]:
                    storage = new SqliteEventStorage(path);
                    await storage.GetHeadAsync();
                    break;
                case ["append", var stream, var count]:
                    for (var i = 0; i < int.Parse(count, CultureInfo.InvariantCulture); i++) await storage!.AppendAsync(Some.Append(stream, ExpectedVersion.Any));
                    break;
                case ["close"]:
                    await storage!.DisposeAsync();
                    break;
            }

            Console.WriteLine("done");
        }

        return 0;
    }

    /// <summary>Has such a process do something.</summary>
    public static async Task TellAsync(this Process serving, string order)
    {
        await serving.StandardInput.WriteLineAsync(order);
        await serving.StandardInput.FlushAsync();
        (await serving.StandardOutput.ReadLineAsync()).Should().Be("done");
    }

    /// <summary>Starts a process that says that it is ready, waits for a line, and appends by several callers.</summary>
    public static Process StartAppendingByMany(string path, string stream, int count) =>
        Start("append-by-many", path, stream, count.ToString(CultureInfo.InvariantCulture));

    private static async Task<int> AppendByManyAsync(string path, string stream, int count)
    {
        await using var storage = new SqliteEventStorage(path);
        await storage.GetHeadAsync();
        Console.WriteLine("ready");
        Console.ReadLine();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async _ =>
        {
            for (var i = 0; i < count / Callers; i++) await storage.AppendAsync(Some.Append(stream, ExpectedVersion.Any));
        }));
        return 0;
    }

    private static async Task<int> AppendAsync(string path, string stream, int count)
    {
        await using var storage = new SqliteEventStorage(path);
        Console.WriteLine("ready");
        for (var i = 0; i < count; i++)
        {
            var e = Some.Event();
            await storage.AppendAsync(Some.Append(stream, ExpectedVersion.Any, e));
            Console.WriteLine(e.Id);
        }

        return 0;
    }
}
