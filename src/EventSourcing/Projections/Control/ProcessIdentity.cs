using System.Diagnostics;
using System.Globalization;

namespace EventSourcing;

/// <summary>
/// Identifies this process, so that other processes can see at once that it has ended and need not wait for it. This only saves time: even
/// if it is wrong, a process that has lost a run cannot write.
/// </summary>
internal static class ProcessIdentity
{
    public static LeaseHolderRecord Here()
    {
        var start = StatOf(Environment.ProcessId)?.Start ?? 0;
        return new LeaseHolderRecord(0, ProcessSpace(), Environment.ProcessId, start, Environment.MachineName);
    }

    /// <summary>Whether the process of a lease holder has certainly ended. False if that cannot be known from here.</summary>
    public static bool IsCertainlyGone(LeaseHolderRecord holder)
    {
        if (holder.ProcessSpace != ProcessSpace()) return false;
        if (StatOf(holder.ProcessId) is var (isDead, start)) return isDead || start != holder.ProcessStart;
        try
        {
            using var process = Process.GetProcessById(holder.ProcessId);
            return false; // it, or another that was given its number: that one is then waited for
        }
        catch (ArgumentException)
        {
            return true; // there is no such process
        }
    }

    /// <summary>Process ids have a meaning on one machine, since its last start, and in one namespace (a container).</summary>
    private static string ProcessSpace()
    {
        if (!OperatingSystem.IsLinux()) return Environment.MachineName;
        try
        {
            var boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
            var space = new FileInfo("/proc/self/ns/pid").LinkTarget;
            return $"{boot}/{space}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // If it is unknown, the name must differ from every other.
            return Guid.CreateVersion7().ToString();
        }
    }

    /// <summary>
    /// Whether a process has ended although its parent has not yet collected its exit code; and when it was started, in ticks since the
    /// start of the machine, which changes of the clock do not affect (proc(5), /proc/pid/stat, fields 3 and 22). Null if the system does
    /// not tell.
    /// </summary>
    private static (bool IsDead, long Start)? StatOf(int processId)
    {
        if (!OperatingSystem.IsLinux()) return null;
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0] is "Z" or "X", long.Parse(fields[19], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
