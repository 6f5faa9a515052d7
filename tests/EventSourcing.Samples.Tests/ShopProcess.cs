using System.Diagnostics;

namespace EventSourcing.Samples.Tests;

/// <summary>The shop sample, run as what it is: a process, with its output piped.</summary>
internal static class ShopProcess
{
    public static async Task<ShopOutcome> RunAsync(TempFolder folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.Path,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Shop.dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);

        // Temporary files land where the test can see whether they are gone.
        foreach (var name in new[] { "TMPDIR", "TMP", "TEMP" }) start.Environment[name] = folder.Temporary;

        // Build servers make some programs colour their output though nobody looks.
        start.Environment["GITHUB_ACTIONS"] = "true";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new ShopOutcome(process.ExitCode, await output, await error);
    }
}

internal sealed record ShopOutcome(int ExitCode, string Output, string Error)
{
    /// <summary>The part of the output that follows from the seed alone.</summary>
    public string Report => Output[Output.IndexOf("The day's report", StringComparison.Ordinal)..Output.IndexOf("This run", StringComparison.Ordinal)];

    /// <summary>The sums on a line of the report's first table: from the read models, and from the log.</summary>
    public (string Models, string Log) this[string label]
    {
        get
        {
            var columns = Report.Split(Environment.NewLine).Select(line => line.Split('│', StringSplitOptions.TrimEntries)).First(columns => columns.Length > 4 && columns[1] == label);
            return (columns[2], columns[3]);
        }
    }
}
