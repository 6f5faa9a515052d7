using System.Text.RegularExpressions;

namespace EventSourcing.Package.Tests;

/// <summary>The house style as far as a machine can see it: the tests read the tree and name the file and line.</summary>
public partial class HouseStyleTests
{
    private const int MaxLinesOfSource = 600;
    private const int MaxColumns = 140;

    private static readonly string[] AllowedAtTheTop =
    [
        "Directory.Build.props", "Directory.Packages.props", "EventSourcing.sln", "LICENSE", "README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md", "global.json",
    ];

    private static readonly string[] AllowedFoldersAtTheTop = ["benchmarks", "docs", "samples", "src", "tests"];
    private static readonly string[] TextEndings = [".cs", ".csproj", ".props", ".targets", ".md", ".json", ".yml", ".sln", ".sql", ".txt", ".sh", ".editorconfig", ".gitattributes", ".gitignore"];

    // Each with what to do instead.
    private static readonly (Regex Pattern, string Remedy)[] BannedInSource =
    [
        (Clock(), "take the time from the storage's TimeProvider"),
        (SyncOverAsync(), "await it: no thread of the pool may block on a task"),
        (new Regex(@"\bThread\.Sleep\("), "await Task.Delay"),
        (new Regex(@"\basync void\b"), "return a Task, or its failure is lost"),
        (new Regex(@"^\s*#region"), "a file that needs regions is two files"),
        (new Regex(@"\bConsole\."), "a library does not write to its app's console"),
    ];

    // The tool is a program, and has one place that knows the console.
    private const string TerminalOfTheTool = "src/EventSourcing.Tool/Output/Terminal.cs";

    [Fact]
    public void Source_does_not_use_what_the_house_bans() =>
        Findings(Source("src").Where(file => file != TerminalOfTheTool), line => BannedInSource.Where(ban => ban.Pattern.IsMatch(WithoutComment(line))).Select(ban => ban.Remedy)).Should().BeEmpty();

    [Fact]
    public void Projections_and_subscriptions_wait_by_the_clock_of_the_storage()
    {
        // Exempt: the limits of shutting down, which hold although that clock stands still.
        var files = Source("src/EventSourcing/Projections").Concat(Source("src/EventSourcing/Subscriptions"));
        Findings(
            files.Where(file => !file.EndsWith("/StopLimit.cs", StringComparison.Ordinal)),
            line => OtherClock().IsMatch(WithoutComment(line)) ? ["take the time, and wait, by the storage's TimeProvider"] : []).Should().BeEmpty();
    }

    [Theory]
    [InlineData("Environment.TickCount64", true)]
    [InlineData("Stopwatch.GetTimestamp()", true)]
    [InlineData("TimeProvider.System", true)]
    [InlineData("await Task.Delay(pause, stop)", true)]
    [InlineData("await task.WaitAsync(TimeSpan.FromSeconds(1))", true)]
    [InlineData("new CancellationTokenSource(pause)", true)]
    [InlineData("stop.CancelAfter(pause)", true)]
    [InlineData("new PeriodicTimer(pause)", true)]
    [InlineData("new Timer(callback)", true)]
    [InlineData("await Task.Delay(pause, _clock, stop)", false)]
    [InlineData("Task.Delay(Least(left, Poll), Clock, stop)", false)]
    [InlineData("new CancellationTokenSource()", false)]
    [InlineData("StopLimit.CancelAfter(pause)", false)]
    public void Waits_by_another_clock_are_found(string line, bool isFound) => OtherClock().IsMatch(line).Should().Be(isFound);

    [Fact]
    public void Nothing_is_left_to_do() =>
        Findings(
            TextFiles().Where(file => !file.EndsWith("/HouseStyleTests.cs", StringComparison.Ordinal)),
            line => ToDo().IsMatch(line) ? ["do it, or say in an issue why not"] : []).Should().BeEmpty();

    [Fact]
    public void Source_files_fit_in_a_head() =>
        Source("src").Where(file => Lines(file).Length > MaxLinesOfSource).Should().BeEmpty("a source file has at most {0} lines", MaxLinesOfSource);

    [Fact]
    public void Lines_fit_on_a_screen() =>
        Findings(
            Source("src"),
            line => line.Length > MaxColumns ? [$"break it: it has {line.Length} columns, and the limit is {MaxColumns}"] : [])
            .Should().BeEmpty();

    [Fact]
    public void Text_files_have_line_feeds_and_end_with_one()
    {
        var flawed = TextFiles().Where(file =>
        {
            var text = File.ReadAllText(SourceTree.PathOf(file));
            return text.Length > 0 && (text.Contains('\r', StringComparison.Ordinal) || !text.EndsWith('\n') || text.EndsWith("\n\n", StringComparison.Ordinal));
        });

        flawed.Should().BeEmpty();
    }

    [Fact]
    public void Source_files_are_named_for_a_type_in_them()
    {
        // Exempt: a file that holds a family of small types under their common name, and the entry point of an app.
        string[] families = ["Program.cs", "Events.cs", "Projected.cs", "ReadOptions.cs", "Records.cs", "Shop.cs", "StorageExceptions.cs"];
        var misnamed =
            from file in Source("src").Concat(Source("samples")).Concat(Source("tests"))
            let name = Path.GetFileName(file).Split('.')[0]
            where !families.Contains(Path.GetFileName(file))
            let declared = TypeDeclaration().Matches(File.ReadAllText(SourceTree.PathOf(file))).Select(match => match.Groups["name"].Value).ToList()
            where declared.Count > 0 && !declared.Contains(name) && !declared.Contains("I" + name)
            select $"{file} declares {string.Join(", ", declared)}";

        misnamed.Should().BeEmpty();
    }

    [Fact]
    public void Top_of_the_tree_holds_what_belongs_there()
    {
        var files = Directory.EnumerateFiles(SourceTree.Root).Select(file => Path.GetFileName(file));
        files.Where(name => name[0] != '.' && !name.EndsWith(".user", StringComparison.Ordinal)).Should().BeSubsetOf(AllowedAtTheTop);
        SourceTree.FoldersUnder(".").Select(folder => folder.Split('/')[0]).Where(name => name[0] != '.').Distinct().Should().BeSubsetOf(AllowedFoldersAtTheTop);
    }

    [Fact]
    public void Folders_are_named_for_a_subject()
    {
        string[] subjectless = ["Abstractions", "Common", "Core", "Helpers", "Interfaces", "Managers", "Misc", "Utilities", "Utils"];
        var folders = new[] { "src", "samples", "tests" }.SelectMany(SourceTree.FoldersUnder);
        folders.Where(folder => subjectless.Contains(folder.Split('/')[^1], StringComparer.OrdinalIgnoreCase)).Should().BeEmpty();
    }

    [Fact]
    public void Source_names_no_path_of_a_machine() =>
        Findings(
            TextFiles().Where(file => !file.EndsWith("/HouseStyleTests.cs", StringComparison.Ordinal)),
            line => MachinePath().IsMatch(line) ? ["use a path relative to the tree"] : []).Should().BeEmpty();

    private static IEnumerable<string> Findings(IEnumerable<string> files, Func<string, IEnumerable<string>> flawsOf) =>
        from file in files
        from line in Lines(file).Select((text, i) => (Text: text, Number: i + 1))
        from flaw in flawsOf(line.Text)
        select $"{file}:{line.Number}: {line.Text.Trim()}: {flaw}";

    private static IEnumerable<string> Source(string folder) => SourceTree.FilesUnder(folder).Where(file => file.EndsWith(".cs", StringComparison.Ordinal));

    private static IEnumerable<string> TextFiles() =>
        SourceTree.FilesUnder(".").Where(file => TextEndings.Any(ending => file.EndsWith(ending, StringComparison.Ordinal)) && !file.EndsWith(".received.txt", StringComparison.Ordinal));

    private static string[] Lines(string file) => File.ReadAllLines(SourceTree.PathOf(file));

    private static string WithoutComment(string line) => Comment().Replace(line, "");

    [GeneratedRegex(@"\bDateTime(Offset)?\.(Utc)?Now\b|\bDateTime\.Today\b")]
    private static partial Regex Clock();

    [GeneratedRegex(@"\bTickCount(64)?\b|\bStopwatch\b|\bTimeProvider\.System\b|\bTask\.Delay\((?!.*\b_?[cC]lock\b)|\bWaitAsync\(TimeSpan|\bnew CancellationTokenSource\((?!\)|.*\b_?[cC]lock\b)|(?<!\bStopLimit)\.CancelAfter\(|\bnew (Periodic)?Timer\(")]
    private static partial Regex OtherClock();

    [GeneratedRegex(@"\.Result\b(?!\()|(?<!\bMonitor)\.Wait\((?!0[,)])|\.GetAwaiter\(\)\.GetResult\(\)")]
    private static partial Regex SyncOverAsync();

    [GeneratedRegex(@"(^|\s)//.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|throw new NotImplementedException")]
    private static partial Regex ToDo();

    [GeneratedRegex(@"^\s*(?:\[[^\]]*\]\s*)*(?:(?:public|internal|private|file|static|sealed|abstract|partial|readonly|ref|protected)\s+)*(?:class|record struct|record class|record|struct|interface|enum|delegate\s+\S+)\s+(?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"(?<![\w.:/])/(?:work|tmp|home|root|Users)/\w|\b[A-Z]:\\Users\\", RegexOptions.IgnoreCase)]
    private static partial Regex MachinePath();
}
