using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace EventSourcing.Tests.Architecture;

/// <summary>
/// The folders of the core follow the flow of data, and dependencies point one way. All types share a namespace, so the
/// sources themselves are read: a type declared in one folder may be named in another only where an arrow leads there.
/// </summary>
public partial class DependencyTests
{
    private const string Root = "";

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Events"] = [],
        ["Storage"] = ["Events"],
        [Root] = ["Events", "Storage"],
        ["Subscriptions"] = ["Events", "Storage", Root],
        ["Aggregates"] = ["Events", "Storage", Root],
        ["Projections"] = ["Events", "Storage", "Subscriptions", Root],
    };

    [Fact]
    public void Name_a_type_of_another_folder_only_where_an_arrow_leads()
    {
        var sources = Sources();
        var folderOf = sources
            .SelectMany(s => Declaration().Matches(s.Code).Select(m => (Type: m.Groups[1].Value, s.Folder)))
            .DistinctBy(d => d.Type).ToDictionary(d => d.Type, d => d.Folder);
        folderOf.Should().ContainKeys("EventStore", "IEventStorage", "Aggregate", "RunningProjections", "EventTypes");

        var offences =
            from source in sources
            from type in Identifier().Matches(source.Code).Select(m => m.Value).Except(Member().Matches(source.Code).Select(m => m.Groups[1].Value))
            let target = folderOf.GetValueOrDefault(type, source.Folder)
            where target != source.Folder && !Allowed[source.Folder].Contains(target)
            select $"{source.Name} names {type} of '{target}'";
        offences.Should().BeEmpty();
    }

    [Fact]
    public void Add_a_folder_only_with_its_arrows() =>
        Sources().Select(s => s.Folder).Distinct().Should().BeSubsetOf(Allowed.Keys, "a new folder of the core needs its place in the direction of dependency");

    private static List<(string Folder, string Name, string Code)> Sources([CallerFilePath] string thisFile = "")
    {
        var directory = new DirectoryInfo(Path.GetDirectoryName(thisFile)!);
        while (!Directory.Exists(Path.Combine(directory.FullName, "src", "EventSourcing"))) directory = directory.Parent!;
        var core = Path.Combine(directory.FullName, "src", "EventSourcing");
        return
        [
            .. from file in Directory.EnumerateFiles(core, "*.cs", SearchOption.AllDirectories)
               let name = Path.GetRelativePath(core, file).Replace('\\', '/')
               where !name.StartsWith("obj/", StringComparison.Ordinal) && !name.StartsWith("bin/", StringComparison.Ordinal)
               let slash = name.IndexOf('/', StringComparison.Ordinal)
               select (slash < 0 ? Root : name[..slash], name, NotCode().Replace(File.ReadAllText(file), " ")),
        ];
    }

    /// <summary>Comments and the text of strings; what is between the braces of an interpolated one goes with it.</summary>
    [GeneratedRegex("""//[^\n]*|"(?:\\.|[^"\\\n])*"|nameof\([^)]*\)""")]
    private static partial Regex NotCode();

    [GeneratedRegex(@"\b(?:class|struct|record|interface|enum)\s+(?:class\s+|struct\s+)?([A-Z]\w*)")]
    private static partial Regex Declaration();

    // A property may have the name of a type elsewhere: "string Projection".
    [GeneratedRegex(@"\b(?:string|long|int|bool)\s+([A-Z]\w*)")]
    private static partial Regex Member();

    // What follows a dot is a member, and a member may be called as a type is.
    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*\b(?!\s*(?:\{\s*(?:get|init)|=>|\())|(?<=new )[A-Z]\w*")]
    private static partial Regex Identifier();
}
