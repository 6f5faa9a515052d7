using System.Diagnostics;
using System.Text;

namespace EventSourcing.Package.Tests;

/// <summary>Runs <c>dotnet</c> as from a fresh terminal: nothing of the build or test run around it is inherited.</summary>
internal static class DotnetCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);
    private static readonly string[] InheritedPrefixes = ["MSBUILD", "VSTEST", "TESTINGPLATFORM", "CORECLR_", "COR_", "NUGET_PACKAGES", "CONTINUOUSINTEGRATIONBUILD", "DOTNET_CLI_TELEMETRY_SESSIONID"];

    /// <summary>Runs a command to its end and returns its standard output; anything but exit code 0 is an error that shows all output.</summary>
    public static Task<string> RunAsync(string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        RunProgramAsync(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", folder, environment, arguments);

    /// <summary>The same for any program.</summary>
    public static async Task<string> RunProgramAsync(string program, string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var name in start.Environment.Keys.Where(IsInherited).ToList()) start.Environment.Remove(name);
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        foreach (var (name, value) in environment) start.Environment[name] = value;

        using var process = Process.Start(start)!;
        using var outOfPatience = new CancellationTokenSource(Patience);
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(outOfPatience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{program} {string.Join(' ', arguments)}' took longer than {Patience}.\n{await output}\n{await errors}");
        }

        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' in {folder} ended with exit code {process.ExitCode}.\n{await output}\n{await errors}");
    }

    private static bool IsInherited(string name) => InheritedPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
}
