using System.Diagnostics;

namespace EventSourcing.Crash;

/// <summary>No space left on the device, and space again.</summary>
internal static class FullDiskFault
{
    public static async Task<Tally> OnBudgetAsync(int cycles)
    {
        var tally = new Tally("full disk (ENOSPC from the fault library)");
        using var folder = Folder.InMemory();
        var control = folder.FileNamed("control");
        using (new FaultControl(control))
        {
        }

        await CallFault.RunWorkerAsync(tally, FaultLibrary.Build(folder.Path), folder.Path, control, "full disk", ["full", folder.Path, control, cycles]);
        return tally;
    }

    /// <summary>Why no file system can be mounted here; null where one can.</summary>
    public static string? Obstacle() => Signals.IsRoot ? null : "it mounts a small tmpfs, which needs root";

    public static async Task<Tally> OnMountAsync(int cycles)
    {
        var tally = new Tally("full disk (a tmpfs of 8 MiB)");
        using var folder = Folder.OnDisk();
        var place = Directory.CreateDirectory(folder.FileNamed("mounted")).FullName;
        Run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place);
        try
        {
            await CallFault.RunWorkerAsync(tally, null, place, null, "full tmpfs", ["full-mounted", place, cycles]);
        }
        finally
        {
            Run("umount", place);
        }

        return tally;
    }

    internal static void Run(string command, params string[] arguments)
    {
        using var process = Process.Start(command, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{command} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
