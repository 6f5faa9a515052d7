using System.Diagnostics;
using System.Reflection;

namespace EventSourcing.Samples.Tests;

/// <summary>The banking sample and the command line tool, run as what they are: processes, with their output piped.</summary>
internal static class BankingProcess
{
    private static readonly string Sample = Path.Combine(AppContext.BaseDirectory, "Banking.dll");

    /// <summary>The path of the tool.</summary>
    public static string Tool { get; } =
        typeof(BankingProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(path => path.Key == "Evs").Value!;

    public static Task<BankingRun> RunAsync(TempFolder folder, params string[] arguments) => RunAsync(folder, Sample, arguments);

    public static Task<BankingRun> RunEvsAsync(TempFolder folder, params string[] arguments) => RunAsync(folder, Tool, arguments);

    public static Process Start(TempFolder folder, params string[] arguments) => Start(folder, Sample, arguments);

    private static async Task<BankingRun> RunAsync(TempFolder folder, string program, string[] arguments)
    {
        using var process = Start(folder, program, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new BankingRun(process.ExitCode, await output, await error);
    }

    private static Process Start(TempFolder folder, string program, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.Path,
        };
        start.ArgumentList.Add(program);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);

        // Temporary files land where the test can see whether they are gone.
        foreach (var name in new[] { "TMPDIR", "TMP", "TEMP" }) start.Environment[name] = folder.Temporary;

        // Build servers make some programs colour their output though nobody looks.
        start.Environment["GITHUB_ACTIONS"] = "true";
        return Process.Start(start)!;
    }
}

internal sealed record BankingRun(int ExitCode, string Output, string Error)
{
    public string[] Lines => Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);

    public string[] ErrorLines => Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The value on the line that begins with a label: <c>total balance   12.30</c>.</summary>
    public string this[string label] => Lines.Single(line => line.StartsWith(label + "  ", StringComparison.Ordinal))[label.Length..].Trim();
}
