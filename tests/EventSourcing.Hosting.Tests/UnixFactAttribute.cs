namespace EventSourcing.Hosting.Tests;

/// <summary>A test that suspends a process by a signal. It is skipped by name where there are none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute() => Skip = OperatingSystem.IsWindows()
        ? "a process is suspended by a signal, which Windows does not have"
        : null;
}
