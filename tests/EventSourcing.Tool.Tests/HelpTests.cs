using System.Text;
using System.Text.RegularExpressions;

namespace EventSourcing.Tool.Tests;

/// <summary>What <c>--help</c> says of each command: the file Help.txt, approved in review.</summary>
public sealed partial class HelpTests
{
    private const int Columns = 80;

    [Fact]
    public async Task Help_of_every_command_is_as_approved()
    {
        var help = new StringBuilder();
        await AddAsync(help, []);
        var received = help.ToString().TrimEnd('\n') + "\n";
        if (Environment.GetEnvironmentVariable("EVS_HELP") is { Length: > 0 } path) await File.WriteAllTextAsync(path, received);

        received.Should().Be(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Help.txt")), "EVS_HELP=FILE writes the help as it is");
        received.Split('\n').Where(line => line.Length > Columns).Should().BeEmpty();
    }

    private static async Task AddAsync(StringBuilder help, string[] command)
    {
        var printed = (await Run.AtTerminal([.. command, "--help"])).Output.ReplaceLineEndings("\n");
        help.Append("$ evs ").Append(string.Join(' ', [.. command, "--help"])).Append('\n').AppendJoin('\n', printed.TrimEnd('\n').Split('\n').Select(line => line.TrimEnd())).Append("\n\n");
        if (printed.IndexOf("Commands:", StringComparison.Ordinal) is var commands && commands < 0) return;
        foreach (var line in printed[commands..].Split('\n'))
        {
            if (Name().Match(line) is { Success: true } name) await AddAsync(help, [.. command, name.Groups[1].Value]);
        }
    }

    [GeneratedRegex("^  ([a-z][a-z-]*) ")]
    private static partial Regex Name();
}
