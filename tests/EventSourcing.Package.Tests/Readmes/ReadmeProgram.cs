using System.Text;
using System.Text.RegularExpressions;

namespace EventSourcing.Package.Tests;

/// <summary>
/// The C# blocks of a README, in order, as one program: the statements of all blocks share one scope, and types go to
/// the end, where C# wants them. Within a block, statements come before types. What the README says is printed, by a
/// comment <c>// prints …</c> or a block marked <c>output</c>, is what the program must print, no more and no less.
/// </summary>
internal sealed partial record ReadmeProgram(string Text, IReadOnlyList<string> Output, int LinesOfFirstBlock)
{
    public static ReadmeProgram Read(string readme)
    {
        var usings = new SortedSet<string>(StringComparer.Ordinal);
        StringBuilder statements = new(), types = new();
        var output = new List<string>();
        var linesOfFirstBlock = 0;
        foreach (Match block in Block().Matches(readme.ReplaceLineEndings("\n")))
        {
            var lines = block.Groups["text"].Value.TrimEnd('\n').Split('\n');
            if (block.Groups["language"].Value == "output")
            {
                output.AddRange(lines);
                continue;
            }

            if (linesOfFirstBlock == 0) linesOfFirstBlock = lines.Length;
            var target = statements;
            foreach (var line in lines)
            {
                if (StartOfType().IsMatch(line)) target = types;
                if (UsingDirective().IsMatch(line)) usings.Add(line);
                else target.Append(line).Append('\n');
                if (Prints().Match(line) is { Success: true } prints) output.Add(prints.Groups["text"].Value);
            }
        }

        return new ReadmeProgram(string.Join('\n', usings) + "\n\n" + statements + "\n" + types, output, linesOfFirstBlock);
    }

    [GeneratedRegex(@"^```(?<language>csharp|output)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^(\[\w|public |internal |sealed |abstract |file |partial |record |class |static class |enum )")]
    private static partial Regex StartOfType();

    [GeneratedRegex(@"^using [A-Za-z.]+;$")]
    private static partial Regex UsingDirective();

    [GeneratedRegex(@"// prints (?<text>.+)$")]
    private static partial Regex Prints();
}
