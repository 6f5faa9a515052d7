using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace EventSourcing.Package.Tests;

/// <summary>
/// A console project as a stranger would start one, in a folder with nothing above it. Our packages come from the packed
/// folder only and are unpacked into a cache of their own, so that nothing stale is used. All others come from the
/// machine's cache, which holds what the tree was built with, and where they are not there, from its configured sources.
/// </summary>
internal sealed partial class FreshProject
{
    // Advisories are news about the world, and a source may have none to tell.
    private const string WarningsOfTheWorld = "NU1900;NU1901;NU1902;NU1903;NU1904";

    private static readonly string MachineCache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>The machine's sources, asked for once: listing them starts the SDK.</summary>
    private static readonly Lazy<Task<string>> Sources =
        new(() => DotnetCommand.RunAsync(SourceTree.Root, new Dictionary<string, string>(), "nuget", "list", "source"));

    private readonly string _folder;
    private readonly Dictionary<string, string> _environment;

    private FreshProject(string folder, string packagesFolder)
    {
        _folder = folder;
        _environment = new Dictionary<string, string> { ["NUGET_PACKAGES"] = packagesFolder };
    }

    /// <summary>One project, built.</summary>
    public static async Task<FreshProject> CreateAsync(PackedPackages packages, string name, string program, params string[] packageIds)
    {
        var project = await WriteAsync(packages, new FreshProgram(name, program, packageIds));
        await DotnetCommand.RunAsync(project._folder, project._environment, "build");
        return project;
    }

    /// <summary>Several projects, built as one solution, which takes a fraction of the time that one after the other takes.</summary>
    public static async Task<IReadOnlyDictionary<string, FreshProject>> CreateAllAsync(PackedPackages packages, IReadOnlyList<FreshProgram> programs)
    {
        var projects = new Dictionary<string, FreshProject>();
        foreach (var program in programs) projects.Add(program.Name, await WriteAsync(packages, program));
        var folder = Path.Combine(packages.Workspace, "projects");
        var solution = new XElement(
            "Solution", programs.Select(program => new XElement("Project", new XAttribute("Path", $"{program.Name}/{program.Name}.csproj"))));
        await File.WriteAllTextAsync(Path.Combine(folder, "all.slnx"), solution.ToString());
        await DotnetCommand.RunAsync(folder, projects[programs[0].Name]._environment, "build", "all.slnx");
        return projects;
    }

    private static async Task<FreshProject> WriteAsync(PackedPackages packages, FreshProgram program)
    {
        var folder = Directory.CreateDirectory(Path.Combine(packages.Workspace, "projects", program.Name)).FullName;
        var project = new FreshProject(folder, Path.Combine(packages.Workspace, "cache"));
        await File.WriteAllTextAsync(Path.Combine(folder, "nuget.config"), await NugetConfigAsync(packages.Folder));
        await File.WriteAllTextAsync(Path.Combine(folder, $"{program.Name}.csproj"), ProjectFile(program.PackageIds, packages.Version));
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), program.Text);
        return project;
    }

    /// <summary>Runs the program, in the project's folder, and returns what it printed, by line.</summary>
    public async Task<string[]> RunAsync()
    {
        var program = Path.Combine(_folder, "bin", "Debug", "net10.0", $"{Path.GetFileName(_folder)}.dll");
        return (await DotnetCommand.RunAsync(_folder, _environment, program)).ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
    }

    private static string ProjectFile(string[] packageIds, string version) => new XElement(
        "Project",
        new XAttribute("Sdk", "Microsoft.NET.Sdk"),
        new XElement(
            "PropertyGroup",
            new XElement("OutputType", "Exe"),
            new XElement("TargetFramework", "net10.0"),
            new XElement("ImplicitUsings", "enable"),
            new XElement("Nullable", "enable"),
            new XElement("TreatWarningsAsErrors", "true"),
            new XElement("WarningsNotAsErrors", WarningsOfTheWorld)),
        new XElement(
            "ItemGroup",
            packageIds.Select(id => new XElement("PackageReference", new XAttribute("Include", id), new XAttribute("Version", VersionOf(id, version)))))).ToString();

    /// <summary>The version of a package that this tree is tested with.</summary>
    public static string VersionOf(string id, string version) => id.StartsWith("EventSourcing", StringComparison.Ordinal)
        ? version
        : (string)XDocument.Load(SourceTree.PathOf("Directory.Packages.props")).Descendants("PackageVersion").Single(e => (string?)e.Attribute("Include") == id).Attribute("Version")!;

    /// <summary>The sources of packages: ours from the packed folder only.</summary>
    public static async Task<string> NugetConfigAsync(string packedFolder)
    {
        var listed = await Sources.Value;
        var others = EnabledSource().Matches(listed).Select(match => match.Groups["name"].Value).ToList();
        others.Should().NotBeEmpty("the packages that ours depend on come from a configured source; listed were:\n{0}", listed);
        return new XElement(
            "configuration",
            new XElement("packageSources", Add("packed", packedFolder)),
            new XElement("fallbackPackageFolders", Directory.Exists(MachineCache) ? Add("machine", MachineCache) : null),
            new XElement(
                "packageSourceMapping",
                new XElement("packageSource", new XAttribute("key", "packed"), Pattern("EventSourcing"), Pattern("EventSourcing.*")),
                others.Select(name => new XElement("packageSource", new XAttribute("key", name), Pattern("*"))))).ToString();
    }

    private static XElement Add(string key, string value) => new("add", new XAttribute("key", key), new XAttribute("value", value));

    private static XElement Pattern(string pattern) => new("package", new XAttribute("pattern", pattern));

    [GeneratedRegex(@"^\s*\d+\.\s+(?<name>.+?) \[Enabled\]\s*$", RegexOptions.Multiline)]
    private static partial Regex EnabledSource();
}
