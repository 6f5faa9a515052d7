using System.Diagnostics;

namespace EventSourcing.Crash;

/// <summary>The library that stands between SQLite and the kernel (native/faults.c), built where it is used.</summary>
internal static class FaultLibrary
{
    /// <summary>Why it cannot be used here; null where it can.</summary>
    public static string? Obstacle()
    {
        if (!OperatingSystem.IsLinux()) return "it needs Linux, whose LD_PRELOAD puts a library between SQLite and the kernel";
        try
        {
            using var gcc = Process.Start(new ProcessStartInfo("gcc", "--version") { RedirectStandardOutput = true, RedirectStandardError = true })!;
            gcc.StandardOutput.ReadToEnd();
            gcc.WaitForExit();
            return gcc.ExitCode == 0 ? null : "'gcc --version' fails";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "it needs gcc, to build native/faults.c";
        }
    }

    /// <summary>Builds it into a folder.</summary>
    /// <returns>Its path.</returns>
    public static string Build(string folder)
    {
        var library = Path.Combine(folder, "faults.so");
        if (File.Exists(library)) return library;
        var source = Path.Combine(Path.GetDirectoryName(typeof(FaultLibrary).Assembly.Location)!, "native", "faults.c");
        var start = new ProcessStartInfo("gcc") { RedirectStandardError = true };
        foreach (var argument in (string[])["-O2", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"]) start.ArgumentList.Add(argument);
        using var gcc = Process.Start(start)!;
        var errors = gcc.StandardError.ReadToEnd();
        gcc.WaitForExit();
        return gcc.ExitCode == 0 ? library : throw new InvalidOperationException($"gcc could not build {source}: {errors}");
    }
}
