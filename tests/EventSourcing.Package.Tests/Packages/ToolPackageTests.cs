using System.IO.Compression;
using System.Xml.Linq;

namespace EventSourcing.Package.Tests;

/// <summary>The tool as a stranger gets it: its package is looked at, installed and run.</summary>
[Collection(nameof(PackedPackages))]
public class ToolPackageTests(PackedPackages packages)
{
    private const string Id = "EventSourcing.Tool";
    private const long MostBytes = 25 * 1024 * 1024;
    private static readonly string[] Platforms = ["linux-arm64", "linux-musl-arm64", "linux-musl-x64", "linux-x64", "osx-arm64", "osx-x64", "win-arm64", "win-x64"];

    private string Path => System.IO.Path.Combine(packages.Folder, $"{Id}.{packages.Version}.nupkg");

    [Fact]
    public void Package_is_a_tool_of_the_common_platforms_and_small()
    {
        using var package = ZipFile.OpenRead(Path);
        using var nuspec = package.GetEntry($"{Id}.nuspec")!.Open();
        var metadata = XDocument.Load(nuspec).Root!.Elements().Single();
        var natives = package.Entries.Where(entry => entry.FullName.Contains("/native/", StringComparison.Ordinal)).Select(entry => entry.FullName.Split('/')[^3]);

        metadata.Descendants().Single(e => e.Name.LocalName == "packageType").Attribute("name")!.Value.Should().Be("DotnetTool");
        metadata.Descendants().Where(e => e.Name.LocalName == "dependency").Should().BeEmpty("a tool brings what it needs");
        natives.Should().BeEquivalentTo(Platforms);
        package.GetEntry("README.md").Should().NotBeNull();
        new FileInfo(Path).Length.Should().BeLessThan(MostBytes);
    }

    [Fact]
    public async Task Package_is_installed_and_run()
    {
        var folder = Directory.CreateDirectory(System.IO.Path.Combine(packages.Workspace, "tool")).FullName;
        await DotnetCommand.RunAsync(folder, new Dictionary<string, string>(), "tool", "install", Id, "--tool-path", folder, "--version", packages.Version, "--source", packages.Folder);
        var store = System.IO.Path.Combine(folder, "shop.db");
        await using (var storage = new SqliteEventStorage(store))
            await storage.AppendAsync(new AppendRequest([new StreamWrite("order-1", 0, [new NewEvent(Guid.CreateVersion7(), "order-placed", "{}"u8.ToArray())])]));
        var evs = System.IO.Path.Combine(folder, OperatingSystem.IsWindows() ? "evs.exe" : "evs");
        var environment = new Dictionary<string, string>();

        (await DotnetCommand.RunProgramAsync(evs, folder, environment, "--version")).Trim().Should().Be($"evs {packages.Version}");
        (await DotnetCommand.RunProgramAsync(evs, folder, environment, "streams", store, "--json")).Should().Contain("\"stream\":\"order-1\"");
        (await DotnetCommand.RunProgramAsync(evs, folder, environment, "verify", store)).Should().Contain("sound");
    }
}
