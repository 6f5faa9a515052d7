using System.Text.RegularExpressions;

namespace EventSourcing.Package.Tests;

/// <summary>
/// The folders of the core depend on each other in one direction only, whatever the namespaces of their types. The
/// test reads which types a file names, and where those are declared.
/// </summary>
public partial class DependencyDirectionTests
{
    private const string Core = "src/EventSourcing";

    /// <summary>The files directly in the project's folder: the store, which ties events to storage.</summary>
    private const string Top = "";

    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Lifetime"] = [],
        ["Events"] = ["Lifetime", "Comparison"],
        ["Ledger"] = ["Events"],
        ["Storage"] = ["Ledger", "Events"],
        ["Telemetry"] = ["Storage", "Events"],
        ["Auditing"] = ["Lifetime", "Storage", "Ledger", "Events"],
        ["Turns"] = ["Lifetime", "Storage", "Events"],
        [Top] = ["Lifetime", "Turns", "Telemetry", "Auditing", "Storage", "Ledger", "Events"],
        ["Comparison"] = [],
        ["Aggregates"] = ["Lifetime", "Turns", "Telemetry", Top, "Comparison", "Storage", "Events"],
        ["Erasure"] = ["Aggregates", Top, "Storage", "Events"],
        ["Subscriptions"] = [Top, "Storage", "Events"],
        ["Projections"] = ["Lifetime", "Subscriptions", "Telemetry", Top, "Comparison", "Storage", "Ledger", "Events"],
        ["Verification"] = ["Lifetime", "Projections", "Subscriptions", "Aggregates", Top, "Auditing", "Comparison", "Storage", "Ledger", "Events"],
    };

    [Fact]
    public void Folders_of_the_core_depend_in_one_direction()
    {
        var files = SourceTree.FilesUnder(Core).Where(file => file.EndsWith(".cs", StringComparison.Ordinal))
            .Select(file => (Path: file, Folder: FolderOf(file), Code: CodeOf(file))).ToList();
        var declared = files
            .SelectMany(file => TypeDeclaration().Matches(file.Code).Select(match => (Type: match.Groups["name"].Value, file.Folder)))
            .GroupBy(type => type.Type, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Select(type => type.Folder).Distinct().ToList(), StringComparer.Ordinal);

        var wrong =
            from file in files
            from name in Name().Matches(file.Code).Select(match => match.Value).Distinct(StringComparer.Ordinal)
            where declared.TryGetValue(name, out var homes) && !homes.Any(home => home == file.Folder || MayUse[file.Folder].Contains(home))
            select $"{file.Path} uses {name} of {string.Join(" and ", declared[name])}";

        files.Select(file => file.Folder).Should().BeSubsetOf(MayUse.Keys, "every folder of the core has its place in the order");
        declared.Should().ContainKeys("EventStore", "IEventStorage", "Aggregate", "Projection");
        wrong.Should().BeEmpty();
    }

    private static string FolderOf(string file)
    {
        var parts = file[(Core.Length + 1)..].Split('/');
        return parts.Length == 1 ? Top : parts[0];
    }

    /// <summary>The text without comments and string literals, which may speak of anything.</summary>
    private static string CodeOf(string file) => Text().Replace(Comment().Replace(File.ReadAllText(SourceTree.PathOf(file)), ""), "\"\"");

    [GeneratedRegex(@"(^|\s)//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"""(?:[^""\\\n]|\\.)*""")]
    private static partial Regex Text();

    [GeneratedRegex(@"\b(?:class|record struct|record|struct|interface|enum)\s+(?<name>[A-Z]\w+)")]
    private static partial Regex TypeDeclaration();

    // Not after a dot, where it is a member, nor before what makes it a declared member or an argument's name.
    [GeneratedRegex(@"(?<![\w.])[A-Z]\w+\b(?!\s*(?:[=:;,)]|\{|=>|\?\?))")]
    private static partial Regex Name();
}
