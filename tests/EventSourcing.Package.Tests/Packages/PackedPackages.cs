using System.Diagnostics.CodeAnalysis;

namespace EventSourcing.Package.Tests;

/// <summary>
/// The packages as a release would make them, packed once for all tests of this collection. The build has a folder of its
/// own, so that it disturbs no other build of the tree; it is in the tree, since only there are paths made deterministic.
/// </summary>
public sealed class PackedPackages : IAsyncLifetime
{
    public const string Version = "0.1.0-packagetest";

    /// <summary>Where all of it is built, apart from the tree's own output.</summary>
    public static string Build { get; } = SourceTree.PathOf("artifacts", "package-tests");

    /// <summary>Outside the tree, so that nothing of the tree's own settings reaches the projects in it.</summary>
    public string Workspace { get; } = Directory.CreateTempSubdirectory("eventsourcing-packages-").FullName;

    public string Folder => Path.Combine(Workspace, "packages");

    public string Log { get; private set; } = "";

    public async Task InitializeAsync() =>
        Log = await DotnetCommand.RunAsync(
            SourceTree.Root,
            new Dictionary<string, string>(),
            "pack", "EventSourcing.sln", "--configuration", "Release", "--output", Folder, "--artifacts-path", Build,
            $"-p:Version={Version}", "-p:ContinuousIntegrationBuild=true");

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
