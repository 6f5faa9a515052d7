using System.Diagnostics;
using System.Runtime.InteropServices;

namespace EventSourcing.Crash;

internal static partial class Signals
{
    private const int SigStop = 19;
    private const int SigCont = 18;

    /// <summary>Why processes cannot be suspended here; null where they can.</summary>
    public static string? Obstacle() => OperatingSystem.IsLinux() ? null : "it needs Linux, whose signals suspend a process";

    public static bool IsRoot => OperatingSystem.IsLinux() && GetEffectiveUserId() == 0;

    public static void Suspend(Process process) => Send(process, SigStop);

    public static void Resume(Process process) => Send(process, SigCont);

    private static void Send(Process process, int signal)
    {
        if (Kill(process.Id, signal) != 0) throw new InvalidOperationException($"Signal {signal} to process {process.Id} failed: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
