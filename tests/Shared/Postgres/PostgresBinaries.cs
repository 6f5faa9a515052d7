using System.Diagnostics;
using System.Globalization;

namespace EventSourcing.Tests.Postgres;

/// <summary>The programs of PostgreSQL that are installed here, and the account that they may run as.</summary>
/// <param name="Folder">The folder of <c>pg_ctl</c>, <c>initdb</c> and the others.</param>
/// <param name="Account">The account to run them as, or null for the one of this process. PostgreSQL refuses to run as root.</param>
internal sealed record PostgresBinaries(string Folder, PostgresAccount? Account)
{
    private static readonly string Suffix = OperatingSystem.IsWindows() ? ".exe" : "";

    // Where installers put each version into a folder of its own. The star stands for the version.
    private static readonly string[] VersionedFolders = OperatingSystem.IsWindows()
        ? [Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "PostgreSQL", "*", "bin")]
        :
        [
            "/usr/lib/postgresql/*/bin",
            "/usr/pgsql-*/bin",
            "/opt/homebrew/opt/postgresql@*/bin",
            "/usr/local/opt/postgresql@*/bin",
            "/Applications/Postgres.app/Contents/Versions/*/bin",
        ];

    /// <summary>Finds the programs: those on PATH, else the newest that are installed; null if there are none.</summary>
    /// <param name="obstacle">Why there are none that can be used here.</param>
    public static PostgresBinaries? Find(out string? obstacle)
    {
        obstacle = null;
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        var folder = onPath.Select(FolderOfPrograms).FirstOrDefault(IsComplete) ?? VersionedFolders.SelectMany(Versions)
            .OrderByDescending(found => found.Version)
            .Select(found => found.Folder).FirstOrDefault(IsComplete);
        if (folder is null)
        {
            obstacle = "PostgreSQL is not installed";
            return null;
        }

        if (OperatingSystem.IsWindows() || Environment.UserName != "root") return new PostgresBinaries(folder, null);
        if (PostgresAccount.Find() is { } account) return new PostgresBinaries(folder, account);
        obstacle = "PostgreSQL does not run as root, and there is no account postgres or nobody with setpriv or runuser";
        return null;
    }

    /// <summary>Runs one of the programs to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message says what it printed.</exception>
    public void Run(string program, params IReadOnlyList<string> arguments)
    {
        var start = Command(program, arguments);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}. {output}{errors.Result}");
    }

    /// <summary>Runs a program that leaves another one running. Its output is not read: that would wait for the other's end.</summary>
    public int RunAndLeave(string program, params IReadOnlyList<string> arguments)
    {
        using var process = Process.Start(Command(program, arguments))!;
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>Stops a server and removes its folder, also if this process ends meanwhile. Not on Windows.</summary>
    public void StopInBackground(string data, string folder)
    {
        var start = new ProcessStartInfo("sh") { UseShellExecute = false, WorkingDirectory = Path.GetTempPath() };
        string[] stop = [.. Account?.Prefix ?? [], Path.Combine(Folder, "pg_ctl"), "stop", "-s", "-w", "-m", "immediate", "-D", data];
        foreach (var argument in (string[])["-c", "folder=$1; shift; \"$@\" >/dev/null 2>&1; rm -rf \"$folder\"", "sh", folder, .. stop])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start);
    }

    private ProcessStartInfo Command(string program, IReadOnlyList<string> arguments)
    {
        string[] all = [.. Account?.Prefix ?? [], Path.Combine(Folder, program + Suffix), .. arguments];
        var start = new ProcessStartInfo(all[0]) { UseShellExecute = false, WorkingDirectory = Path.GetTempPath() };
        foreach (var argument in all[1..]) start.ArgumentList.Add(argument);

        // Messages that somebody can read, whatever the language of this machine is.
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    /// <summary>The folder that the programs are really in: PATH may lead to links to some of them.</summary>
    private static string FolderOfPrograms(string onPath)
    {
        var program = new FileInfo(Path.Combine(onPath, "pg_ctl" + Suffix));
        return program.Exists && program.ResolveLinkTarget(returnFinalTarget: true) is { } target ? Path.GetDirectoryName(target.FullName)!
            : onPath;
    }

    private static bool IsComplete(string folder) =>
        File.Exists(Path.Combine(folder, "pg_ctl" + Suffix)) && File.Exists(Path.Combine(folder, "initdb" + Suffix));

    private static IEnumerable<(double Version, string Folder)> Versions(string pattern)
    {
        var parts = pattern.Split('*');
        var cut = parts[0].LastIndexOfAny(['/', '\\']) + 1;
        var (parent, prefix) = (parts[0][..cut], parts[0][cut..]);
        if (!Directory.Exists(parent)) yield break;
        foreach (var folder in Directory.EnumerateDirectories(parent, prefix + "*"))
        {
            var version = Path.GetFileName(folder)[prefix.Length..];
            if (double.TryParse(version, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                yield return (number, folder + parts[1]);
        }
    }
}
