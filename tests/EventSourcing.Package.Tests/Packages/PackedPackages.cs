using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace EventSourcing.Package.Tests;

/// <summary>
/// The packages as a release would make them, packed once for all tests of this collection. A run that has packed them
/// already names the folder with them in <c>EVENTSOURCING_PACKED</c>: <c>packages/</c> in it, and <c>pack.log</c>, what was
/// printed meanwhile. Otherwise they are packed here. That build has a folder of its own, so that it disturbs no other build
/// of the tree; it is in the tree, since only there are paths made deterministic.
/// </summary>
public sealed class PackedPackages : IAsyncLifetime
{
    private static readonly string? Packed =
        Environment.GetEnvironmentVariable("EVENTSOURCING_PACKED") is { Length: > 0 } folder ? SourceTree.PathOf(folder) : null;

    private static readonly string Build = SourceTree.PathOf("artifacts", "package-tests");

    private readonly Lazy<Task<IReadOnlyDictionary<string, FreshProject>>> _programs;

    public PackedPackages() => _programs = new(BuildProgramsAsync);

    /// <summary>Outside the tree, so that nothing of the tree's own settings reaches the projects in it.</summary>
    public string Workspace { get; } = Directory.CreateTempSubdirectory("eventsourcing-packages-").FullName;

    public string Folder => Path.Combine(Packed ?? Workspace, "packages");

    /// <summary>One that no machine has in its cache, in a version of before.</summary>
    public string Version { get; private set; } = "0.1.0-packagetest";

    /// <summary>What a release build is given, so that it goes on with what packing has built.</summary>
    public string[] BuildArguments => [.. Packed is null ? ["--artifacts-path", Build] : Array.Empty<string>(), $"-p:Version={Version}", "-p:ContinuousIntegrationBuild=true"];

    public string Log { get; private set; } = "";

    /// <summary>The programs that several tests run, in fresh projects that were built together.</summary>
    internal async Task<FreshProject> ProgramAsync(string name) => (await _programs.Value)[name];

    public async Task InitializeAsync()
    {
        if (Packed is not null)
        {
            const string Prefix = "EventSourcing.Sqlite.", Suffix = ".nupkg";
            Version = Path.GetFileName(Directory.EnumerateFiles(Folder, $"{Prefix}*{Suffix}").Single())[Prefix.Length..^Suffix.Length];
            Log = await File.ReadAllTextAsync(Path.Combine(Packed, "pack.log"));
            return;
        }

        Log = await DotnetCommand.RunAsync(
            SourceTree.Root,
            new Dictionary<string, string>(),
            ["pack", "EventSourcing.sln", "--configuration", "Release", "--output", Folder, $"-p:ForEachPlatform={RuntimeInformation.RuntimeIdentifier}", .. BuildArguments]);
    }

    private async Task<IReadOnlyDictionary<string, FreshProject>> BuildProgramsAsync() => await FreshProject.CreateAllAsync(this,
    [
        await FreshProgram.OfReadmeAsync(ReadmeTests.FirstScreen, "README.md", "EventSourcing.Sqlite"),
        .. await Task.WhenAll(ReadmeTests.Guides.Select(guide => FreshProgram.OfReadmeAsync(
            $"{guide.Package}.Guide", $"src/{guide.Package}/README.md", [guide.Package, .. guide.Others]))),
        .. GeneratedCodeTests.Programs,
    ]);

    public Task DisposeAsync()
    {
        Directory.Delete(Workspace, recursive: true);
        if (Directory.Exists(Build)) Directory.Delete(Build, recursive: true);
        return Task.CompletedTask;
    }
}

[CollectionDefinition(nameof(PackedPackages))]
[SuppressMessage("Naming", "CA1711", Justification = "xunit's word")]
public sealed class PackedPackagesCollection : ICollectionFixture<PackedPackages>;
