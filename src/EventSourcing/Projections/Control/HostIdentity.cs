using System.Diagnostics;
using System.Globalization;

namespace EventSourcing;

/// <summary>
/// Who this process is, so that others can see at once that it has died: a process that is gone need not be waited for.
/// This only saves time. Whether it is believed or not, nobody who has lost a run can write.
/// </summary>
internal static class HostIdentity
{
    public static HostRecord Here() => new(0, ProcessSpace(), Environment.ProcessId, StatOf(Environment.ProcessId)?.Start ?? 0);

    /// <summary>Whether the process of a host is certainly gone. False where that cannot be known from here.</summary>
    public static bool IsCertainlyGone(HostRecord host)
    {
        if (host.ProcessSpace != ProcessSpace()) return false;
        if (StatOf(host.ProcessId) is var (isDead, start)) return isDead || start != host.ProcessStart;
        try
        {
            using var process = Process.GetProcessById(host.ProcessId);
            return false; // it, or another that was given its number: that one is then waited for
        }
        catch (ArgumentException)
        {
            return true; // there is no such process
        }
    }

    /// <summary>Ids of processes mean something on one machine, since it was started, and in one namespace (a container).</summary>
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
            // Not to be known, so nobody may conclude anything from it.
            return Guid.CreateVersion7().ToString();
        }
    }

    /// <summary>
    /// Whether a process is dead and only not yet buried by its parent, and when it was started, in ticks since the
    /// machine was, which no change of the clock touches (proc(5), /proc/pid/stat, fields 3 and 22); null where the
    /// system does not tell.
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
