using System.Diagnostics;
using System.Globalization;

namespace EventSourcing.Sqlite.Tests;

/// <summary>
/// What this assembly does when it is started as a process of its own: another writer on a test's file. It prints a
/// line for each append that was acknowledged, and nothing else.
/// </summary>
public static class WorkerProgram
{
    public static async Task<int> Main(string[] arguments)
    {
        if (arguments is not ["append", var path, var stream, var count]) return 64;
        await using var storage = new SqliteEventStorage(path);
        Console.WriteLine("ready");
        for (var i = 0; i < int.Parse(count, CultureInfo.InvariantCulture); i++)
        {
            var e = Some.Event();
            await storage.AppendAsync(Some.Append(stream, ExpectedVersion.Any, e));
            Console.WriteLine(e.Id);
        }

        return 0;
    }

    public static Process Start(string path, string stream, int count)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])["exec", typeof(WorkerProgram).Assembly.Location, "append", path, stream, count.ToString(CultureInfo.InvariantCulture)])
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }
}
