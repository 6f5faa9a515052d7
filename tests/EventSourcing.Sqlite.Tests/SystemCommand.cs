using System.Diagnostics;

namespace EventSourcing.Sqlite.Tests;

/// <summary>A command of the system, for what must not be done within this process.</summary>
internal static class SystemCommand
{
    /// <summary>Runs it until it has succeeded. It is ended if it takes too long.</summary>
    public static async Task RunAsync(string command, params string[] arguments)
    {
        using var process = Process.Start(command, arguments);
        using var patience = new CancellationTokenSource(Some.Never);
        try
        {
            await process.WaitForExitAsync(patience.Token);
            process.ExitCode.Should().Be(0, "{0} {1}", command, string.Join(' ', arguments));
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }
}
