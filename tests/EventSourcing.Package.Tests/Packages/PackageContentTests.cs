using System.IO.Compression;
using System.Reflection.Metadata;
using System.Text;
using System.Xml.Linq;

namespace EventSourcing.Package.Tests;

/// <summary>What a stranger gets: each package is opened and looked at.</summary>
[Collection(nameof(PackedPackages))]
public class PackageContentTests(PackedPackages packages)
{
    private static readonly Dictionary<string, string[]> DependenciesOf = new()
    {
        ["EventSourcing"] = [],
        ["EventSourcing.Explorer"] = ["EventSourcing"],
        ["EventSourcing.PostgreSql"] = ["EventSourcing", "Npgsql"],
        ["EventSourcing.Sqlite"] = ["EventSourcing", "Microsoft.Data.Sqlite.Core", "SQLitePCLRaw.bundle_e_sqlite3"],
        ["EventSourcing.AspNetCore"] = ["EventSourcing"],
        ["EventSourcing.Hosting"] =
        [
            "EventSourcing",
            "Microsoft.Extensions.Diagnostics.HealthChecks",
            "Microsoft.Extensions.Hosting.Abstractions",
            "Microsoft.Extensions.Logging.Abstractions",
            "Microsoft.Extensions.Options.ConfigurationExtensions",
        ],
        ["EventSourcing.Testing"] = ["EventSourcing"],
    };

    /// <summary>What a package has besides its assembly.</summary>
    private static readonly Dictionary<string, string[]> FurtherContentOf = new()
    {
        ["EventSourcing"] = 
        [
            "analyzers/dotnet/cs/EventSourcing.Generators.dll", "analyzers/dotnet/cs/EventSourcing.CodeFixes.dll", "build/EventSourcing.props", "buildTransitive/EventSourcing.props",
        ],
    };

    public static TheoryData<string> PackageIds => [.. DependenciesOf.Keys];

    [Fact]
    public void Pack_warns_of_nothing() => packages.Log.Should().NotContain("warning");

    [Fact]
    public void Pack_makes_the_packages_with_their_symbols_and_the_tool_with_its_parts_and_nothing_else() =>
        Directory.EnumerateFiles(packages.Folder).Select(Path.GetFileName).Should().BeEquivalentTo(
            (from id in DependenciesOf.Keys
             from kind in new[] { "nupkg", "snupkg" }
             select $"{id}.{packages.Version}.{kind}").Concat(ToolPackageTests.Parts.Select(part => $"{part}.{packages.Version}.nupkg")));

    [Theory]
    [MemberData(nameof(PackageIds))]
    public void Package_says_what_it_is_and_has_only_the_dependencies_it_needs(string id)
    {
        using var package = Open(id, "nupkg");
        var metadata = XDocument.Load(Entry(package, $"{id}.nuspec")).Root!.Elements().Single();
        string? Value(string name) => (string?)metadata.Elements().SingleOrDefault(e => e.Name.LocalName == name);

        Value("id").Should().Be(id);
        Value("license").Should().Be("MIT");
        Value("readme").Should().Be("README.md");
        Value("description").Should().HaveLength(Value("description")!.Trim().Length).And.NotBe("Package Description");
        Value("authors").Should().Be("EventSourcing contributors");
        Value("tags").Should().Contain("event-sourcing");
        Value("projectUrl").Should().StartWith("https://");
        metadata.Descendants().Where(e => e.Name.LocalName == "dependency").Select(e => (string)e.Attribute("id")!).Should().BeEquivalentTo(DependenciesOf[id]);
        metadata.Descendants().Where(e => e.Name.LocalName == "group" && e.Parent!.Name.LocalName == "dependencies").Select(e => (string)e.Attribute("targetFramework")!).Should().Equal("net10.0");
    }

    /// <summary>
    /// If a package asks for a later version than the shared framework of the app's machine has, the package's file takes the place of the
    /// framework's, which is compiled ahead of time; the package's is not. A web app then starts about a quarter slower.
    /// </summary>
    [Theory]
    [MemberData(nameof(PackageIds))]
    public void Package_leaves_the_files_of_the_shared_framework_in_place(string id)
    {
        using var package = Open(id, "nupkg");
        var metadata = XDocument.Load(Entry(package, $"{id}.nuspec"));

        var ofTheFramework = metadata.Descendants().Where(e => e.Name.LocalName == "dependency" && ((string)e.Attribute("id")!).StartsWith("Microsoft.Extensions.", StringComparison.Ordinal));
        ofTheFramework.Select(dependency => (string)dependency.Attribute("version")!).Where(version => version != "10.0.0").Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(PackageIds))]
    public void Package_has_the_assembly_its_documentation_and_its_readme(string id)
    {
        using var package = Open(id, "nupkg");
        var content = package.Entries.Select(e => e.FullName).Where(name => !name.StartsWith("_rels/", StringComparison.Ordinal) && !name.StartsWith("package/", StringComparison.Ordinal) && name != "[Content_Types].xml");
        content.Should().BeEquivalentTo([$"{id}.nuspec", "README.md", $"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml", .. FurtherContentOf.GetValueOrDefault(id, [])]);

        using var readme = new StreamReader(Entry(package, "README.md"));
        readme.ReadToEnd().Should().Be(File.ReadAllText(SourceTree.PathOf("src", id, "README.md")));
        XDocument.Load(Entry(package, $"lib/net10.0/{id}.xml")).Root!.Name.LocalName.Should().Be("doc");
    }

    [Theory]
    [MemberData(nameof(PackageIds))]
    public void Symbols_name_no_path_of_the_machine_they_were_built_on(string id)
    {
        using var symbols = Open(id, "snupkg");
        using var provider = MetadataReaderProvider.FromPortablePdbStream(Entry(symbols, $"lib/net10.0/{id}.pdb"));
        var pdb = provider.GetMetadataReader();
        var documents = pdb.Documents.Select(handle => pdb.GetString(pdb.GetDocument(handle).Name)).ToList();
        documents.Should().NotBeEmpty();
        documents.Should().OnlyContain(path => path.StartsWith("/_", StringComparison.Ordinal), "a deterministic build maps the root of the sources to /_/");

        using var package = Open(id, "nupkg");
        foreach (var assembly in package.Entries.Where(entry => entry.Name.EndsWith(".dll", StringComparison.Ordinal)))
            Encoding.Latin1.GetString(Entry(package, assembly.FullName).ToArray()).Should().NotContain(SourceTree.Root).And.NotContain(packages.Workspace);
    }

    private ZipArchive Open(string id, string kind) => ZipFile.OpenRead(Path.Combine(packages.Folder, $"{id}.{packages.Version}.{kind}"));

    /// <summary>The entry's content, whole, since readers of metadata want to seek.</summary>
    private static MemoryStream Entry(ZipArchive archive, string name)
    {
        using var stream = (archive.GetEntry(name) ?? throw new InvalidOperationException($"There is no {name} among {string.Join(", ", archive.Entries)}.")).Open();
        var content = new MemoryStream();
        stream.CopyTo(content);
        content.Position = 0;
        return content;
    }
}
