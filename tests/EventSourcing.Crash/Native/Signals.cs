using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EventSourcing.Crash;

internal static partial class Signals
{
    private const int SigStop = 19;
    private const int SigCont = 18;
    private const int WriteOnly = 0x1, Create = 0x40, Append = 0x400;
    private const int OwnerMayReadAndWrite = 0x180;

    /// <summary>Why processes cannot be suspended here; null where they can.</summary>
    public static string? Obstacle() => OperatingSystem.IsLinux() ? null : "it needs Linux, whose signals suspend a process";

    public static bool IsRoot => OperatingSystem.IsLinux() && GetEffectiveUserId() == 0;

    public static void Suspend(Process process) => Send(process, SigStop);

    public static void Resume(Process process) => Send(process, SigCont);

    /// <summary>Opens a file that several processes write to, each at its end (O_APPEND, which .NET's own modes do not ask for).</summary>
    public static SafeFileHandle OpenToAppend(string path)
    {
        var file = Open(path, WriteOnly | Create | Append, OwnerMayReadAndWrite);
        return file >= 0 ? new SafeFileHandle(file, ownsHandle: true) : throw new IOException($"Opening {path} failed: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private static void Send(Process process, int signal)
    {
        if (Kill(process.Id, signal) != 0) throw new InvalidOperationException($"Signal {signal} to process {process.Id} failed: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
