using System.IO.Compression;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Xml.Linq;

namespace EventSourcing.Package.Tests;

/// <summary>The tool as a stranger gets it: its package is looked at, installed and run.</summary>
[Collection(nameof(PackedPackages))]
public class ToolPackageTests(PackedPackages packages)
{
    private const string Id = "EventSourcing.Tool";
    private const long MostBytes = 25 * 1024 * 1024;
    private static readonly string[] Platforms = ["linux-arm64", "linux-musl-arm64", "linux-musl-x64", "linux-x64", "osx-arm64", "osx-x64", "win-arm64", "win-x64"];

    /// <summary>The package that people name, and its parts: one that is compiled ahead of time for this platform, and one for any other.</summary>
    internal static IReadOnlyList<string> Parts { get; } = [Id, OfThisPlatform, OfAnyPlatform];

    private static string OfThisPlatform => $"{Id}.{RuntimeInformation.RuntimeIdentifier}";

    private static string OfAnyPlatform => $"{Id}.any";

    [Fact]
    public void Packages_are_a_tool_of_the_common_platforms_and_small()
    {
        foreach (var id in Parts)
        {
            using var package = Open(id);
            using var nuspec = package.GetEntry($"{id}.nuspec")!.Open();
            var metadata = XDocument.Load(nuspec).Root!.Elements().Single();

            metadata.Descendants().Where(e => e.Name.LocalName == "dependency").Should().BeEmpty("a tool brings what it needs");
            package.GetEntry("README.md").Should().NotBeNull();
            new FileInfo(PathOf(id)).Length.Should().BeLessThan(MostBytes);
        }

        using var any = Open(OfAnyPlatform);
        any.Entries.Where(entry => entry.FullName.Contains("/native/", StringComparison.Ordinal)).Select(entry => entry.FullName.Split('/')[^3])
            .Should().BeEquivalentTo(Platforms);
    }

    [Fact]
    public void Package_of_this_platform_is_compiled_ahead_of_time()
    {
        using var package = Open(OfThisPlatform);
        var own = package.Entries.Where(entry => entry.Name is "evs.dll" or "System.CommandLine.dll" || (entry.Name.StartsWith("EventSourcing", StringComparison.Ordinal) && entry.Name.EndsWith(".dll", StringComparison.Ordinal))).ToList();

        own.Should().HaveCountGreaterThan(5);
        own.Where(entry => !IsCompiled(entry)).Select(entry => entry.FullName).Should().BeEmpty();
        using var any = Open(OfAnyPlatform);
        IsCompiled(any.Entries.Single(entry => entry.Name == "evs.dll")).Should().BeFalse("it runs on every platform");
    }

    [Fact]
    public async Task Package_is_installed_and_run()
    {
        var folder = Directory.CreateDirectory(Path.Combine(packages.Workspace, "tool")).FullName;
        await DotnetCommand.RunAsync(folder, new Dictionary<string, string>(), "tool", "install", Id, "--tool-path", folder, "--version", packages.Version, "--source", packages.Folder);
        var store = Path.Combine(folder, "shop.db");
        await using (var storage = new SqliteEventStorage(store))
            await storage.AppendAsync(new AppendRequest([new StreamWrite("order-1", 0, [new NewEvent(Guid.CreateVersion7(), "order-placed", "{}"u8.ToArray())])]));
        var evs = Path.Combine(folder, OperatingSystem.IsWindows() ? "evs.exe" : "evs");
        var environment = new Dictionary<string, string>();

        (await DotnetCommand.RunProgramAsync(evs, folder, environment, "--version")).Trim().Should().Be($"evs {packages.Version}");
        (await DotnetCommand.RunProgramAsync(evs, folder, environment, "streams", store, "--json")).Should().Contain("\"stream\":\"order-1\"");
        (await DotnetCommand.RunProgramAsync(evs, folder, environment, "verify", store)).Should().Contain("sound");
    }

    /// <summary>Whether an assembly has native code besides its own.</summary>
    private static bool IsCompiled(ZipArchiveEntry assembly)
    {
        using var bytes = new MemoryStream();
        using (var content = assembly.Open()) content.CopyTo(bytes);
        bytes.Position = 0;
        using var reader = new PEReader(bytes);
        return reader.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0;
    }

    private string PathOf(string id) => Path.Combine(packages.Folder, $"{id}.{packages.Version}.nupkg");

    private ZipArchive Open(string id) => ZipFile.OpenRead(PathOf(id));
}
