using System.Diagnostics;
using System.Text.RegularExpressions;

namespace EventSourcing.Tool.Tests;

/// <summary>
/// The README is the manual: each command in its console blocks is run, in order and in one folder, and prints what stands below it. What is
/// another at each run (roots, ids of keys, sizes, processes) is made alike on both sides.
/// </summary>
public sealed partial class ManualTests : IDisposable
{
    private const string Prompt = "$ ";
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ShellFact]
    public async Task Type_what_the_manual_says_prints_what_it_says()
    {
        await Shop.MakeAsync();
        await using (await Shop.RunAsync())
        {
            var readme = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Tool.README.md"));
            var actual = new List<string>();
            var isConsole = false;
            foreach (var line in readme.TrimEnd('\n').Split('\n'))
            {
                if (line.StartsWith("```", StringComparison.Ordinal)) isConsole = line == "```console";
                if (isConsole && line.StartsWith(Prompt, StringComparison.Ordinal))
                {
                    actual.Add(line);
                    actual.AddRange((await TypeAsync(line[Prompt.Length..])).ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').Where(printed => printed.Length > 0));
                }
                else if (!isConsole || line.StartsWith("```", StringComparison.Ordinal)) actual.Add(line);
            }

            var received = string.Join('\n', actual) + "\n";
            if (Environment.GetEnvironmentVariable("EVS_MANUAL") is { Length: > 0 } path) await File.WriteAllTextAsync(path, received);
            Alike(received).Should().Be(Alike(readme), "the manual says what is printed; EVS_MANUAL=FILE writes the manual as it would be");
        }
    }

    [Fact]
    public async Task Manual_names_each_command()
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Tool.README.md"));
        var help = (await Run.Piped("--help")).Output;
        var commands = help[help.IndexOf("Commands:", StringComparison.Ordinal)..].Split('\n').Skip(1).Where(line => CommandLine().IsMatch(line)).Select(line => CommandLine().Match(line).Groups[1].Value).ToList();

        commands.Should().HaveCountGreaterThan(15);
        commands.Where(command => !readme.Contains($"evs {command}", StringComparison.Ordinal)).Should().BeEmpty();
    }

    private static async Task<string> TypeAsync(string line)
    {
        if (line.StartsWith("evs ", StringComparison.Ordinal) && !line.Contains('|', StringComparison.Ordinal))
            return (await Run.AtTerminal([.. Words().Matches(line).Skip(1).Select(word => word.Value.Trim('"', '\''))])).Both;

        // A pipe has no terminal at its end.
        var start = new ProcessStartInfo("bash", ["-c", $"evs() {{ dotnet '{Path.Combine(AppContext.BaseDirectory, "evs.dll")}' \"$@\"; }}; {line} 2>&1"]) { RedirectStandardOutput = true };
        using var shell = Process.Start(start)!;
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return output;
    }

    private static string Alike(string text)
    {
        text = Base64().Replace(text, "<base64>");
        text = Size().Replace(text, "<size>");
        text = Process_().Replace(text, "<process>");
        text = BreakAfterProcess().Replace(text, " ");
        text = KeyId().Replace(text, "<key>");
        text = Path_().Replace(text, "");
        text = Moment().Replace(text, "<time>");
        return Spaces().Replace(text, " ");
    }

    [GeneratedRegex("\"[^\"]*\"|'[^']*'|\\S+")]
    private static partial Regex Words();

    [GeneratedRegex(@"^  ([a-z-]+)")]
    private static partial Regex CommandLine();

    [GeneratedRegex("[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{60,}={0,2}")]
    private static partial Regex Base64();

    [GeneratedRegex(@"\d+\.\d [KM]iB")]
    private static partial Regex Size();

    [GeneratedRegex(@"\S+ pid \d+")]
    private static partial Regex Process_();

    /// <summary>Where a line is broken depends on how many digits the number of the process in it has.</summary>
    [GeneratedRegex(@"(?<=<process>[^\n]*)\n(?=[a-z])")]
    private static partial Regex BreakAfterProcess();

    [GeneratedRegex(@"\+[0-9a-f]{8}\+|key [0-9a-f]{8}")]
    private static partial Regex KeyId();

    [GeneratedRegex(@"/\S*evs-tests-\w+/")]
    private static partial Regex Path_();

    // Events have the time of the shop's clock; what happens while the manual is played, that of the machine.
    [GeneratedRegex(@"(?!2026-03-02)20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z|\d{8}T\d{6}Z")]
    private static partial Regex Moment();

    [GeneratedRegex(" +|-{3,}")]
    private static partial Regex Spaces();
}

/// <summary>A test that needs a shell and the program sqlite3.</summary>
internal sealed class ShellFactAttribute : FactAttribute
{
    public ShellFactAttribute()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (OperatingSystem.IsWindows()) Skip = "The manual is for a Unix shell.";
        else if (new[] { "bash", "sqlite3" }.FirstOrDefault(tool => !folders.Any(folder => File.Exists(Path.Combine(folder, tool)))) is { } missing) Skip = $"There is no '{missing}'.";
    }
}
