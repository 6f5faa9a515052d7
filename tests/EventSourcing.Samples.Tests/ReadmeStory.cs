using System.Diagnostics;
using System.Text.RegularExpressions;

namespace EventSourcing.Samples.Tests;

/// <summary>The story of the edited amount, as the banking sample's README has it: what it says to type, and what it says is printed.</summary>
internal sealed partial class ReadmeStory
{
    private const string Begin = "### Somebody edits an amount";
    private const string End = "## Where to look";
    private const string Ellipsis = " …";

    // The README runs the sample and the tool by their projects; here they have been built.
    private const string Prelude = """
        dotnet() {
          case $3 in
            samples/Banking) set -- "$BANKING" "${@:5}" ;;
            src/EventSourcing.Tool) set -- "$EVS" "${@:5}" ;;
          esac
          command dotnet "$@"
        }

        """;

    public ReadmeStory()
    {
        List<string>? block = null;
        var isScript = false;
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Banking.README.md")).SkipWhile(line => line != Begin).TakeWhile(line => line != End))
        {
            if (!line.StartsWith("```", StringComparison.Ordinal)) block?.Add(line);
            else if (block is null) (block, isScript) = ([], line == "```sh");
            else
            {
                (isScript ? Scripts : Outputs).Add(string.Join('\n', block));
                block = null;
            }
        }
    }

    public List<string> Scripts { get; } = [];

    public List<string> Outputs { get; } = [];

    /// <summary>Why it cannot be played here; null where it can.</summary>
    public static string? Obstacle() =>
        OperatingSystem.IsWindows() ? "The story is for a Unix shell."
        : new[] { "bash", "awk", "sqlite3" }.FirstOrDefault(tool => !IsInstalled(tool)) is { } missing ? $"There is no '{missing}'."
        : null;

    /// <summary>Plays all scripts in a folder, and returns what they print.</summary>
    public async Task<string> PlayAsync(TempFolder folder)
    {
        var start = new ProcessStartInfo("bash") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder.Path };
        start.Environment["BANKING"] = Path.Combine(AppContext.BaseDirectory, "Banking.dll");
        start.Environment["EVS"] = BankingProcess.Tool;
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"exec 2>&1\n{Prelude}{string.Join('\n', Scripts)}\n");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return await output + await error;
    }

    /// <summary>What the README says is printed and was not. What is another at each run, hashes and ids, is not looked at; a line of it that ends in an ellipsis goes on.</summary>
    public IEnumerable<string> Missing(string output)
    {
        var printed = Lines(output).ToHashSet();
        return Outputs.SelectMany(Lines).Where(line => !(line.EndsWith(Ellipsis, StringComparison.Ordinal) ? printed.Any(p => p.StartsWith(line[..^Ellipsis.Length], StringComparison.Ordinal)) : printed.Contains(line)));
    }

    private static IEnumerable<string> Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Changing().Replace(line, "<changing>").TrimEnd());

    private static bool IsInstalled(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, tool)));

    [GeneratedRegex("[A-Za-z0-9+/]{43}=|[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|key [0-9a-f]{8}")]
    private static partial Regex Changing();
}

/// <summary>A test that plays the story in a shell.</summary>
internal sealed class ShellFactAttribute : FactAttribute
{
    public ShellFactAttribute() => Skip = ReadmeStory.Obstacle();
}
