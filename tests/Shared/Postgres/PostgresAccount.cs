using System.Diagnostics;

namespace EventSourcing.Tests.Postgres;

/// <summary>An account other than root, and how to run a program as it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Prefix">The command before the program's own.</param>
internal sealed record PostgresAccount(string Name, IReadOnlyList<string> Prefix)
{
    /// <summary>The account that EVENTSOURCING_TEST_POSTGRES_USER names, else postgres, else nobody.</summary>
    public static PostgresAccount? Find()
    {
        foreach (var name in (string?[])[Environment.GetEnvironmentVariable("EVENTSOURCING_TEST_POSTGRES_USER"), "postgres", "nobody"])
        {
            if (string.IsNullOrEmpty(name) || Output("id", "-u", name) is not { } user || Output("id", "-g", name) is not { } group)
                continue;
            if (Output("setpriv", "--version") is not null)
                return new PostgresAccount(name, ["setpriv", "--reuid", user, "--regid", group, "--clear-groups"]);
            if (Output("runuser", "--version") is not null) return new PostgresAccount(name, ["runuser", "-u", name, "--"]);
        }

        return null;
    }

    /// <summary>Gives a folder and all in it to the account.</summary>
    public void Own(string folder)
    {
        if (Output("chown", "-R", Name, folder) is null) throw new InvalidOperationException($"chown -R {Name} {folder} failed.");
    }

    private static string? Output(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        try
        {
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output.Trim() : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // There is no such program here.
            return null;
        }
    }
}
