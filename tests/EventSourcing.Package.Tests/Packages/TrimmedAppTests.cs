using System.Runtime.InteropServices;

namespace EventSourcing.Package.Tests;

/// <summary>
/// The README's story in an app that is trimmed as far as it goes and has neither reflection for JSON nor dynamic code. A run
/// that has published it as native code already names the folder with it in <c>EVENTSOURCING_NATIVE</c>; its log is beside the
/// folder. Otherwise the app is published here, trimmed and self-contained.
/// </summary>
[Collection(nameof(PackedPackages))]
public class TrimmedAppTests(PackedPackages packages)
{
    private static readonly string? Native =
        Environment.GetEnvironmentVariable("EVENTSOURCING_NATIVE") is { Length: > 0 } folder ? SourceTree.PathOf(folder) : null;

    [Fact]
    public async Task Trimmed_app_is_published_without_a_warning_and_tells_the_story()
    {
        var folder = Native ?? Path.Combine(packages.Workspace, "trimmed");
        var published = Native is null ? await PublishAsync(folder) : await File.ReadAllTextAsync(Native + ".log");
        var readme = ReadmeProgram.Read(await File.ReadAllTextAsync(SourceTree.PathOf("README.md")));
        var app = Path.Combine(folder, OperatingSystem.IsWindows() ? "EventSourcing.Trimmed.exe" : "EventSourcing.Trimmed");

        published.Should().Contain(folder).And.NotContain("warning");
        if (Native is null) SizeOf(folder, "System.Private.CoreLib.dll").Should().BeLessThan(WholeRuntime / 2, "what the app does not use was left out");
        else Directory.EnumerateFiles(folder, "*.dll").Should().BeEmpty("it is one native program");
        (await RunAsync(app, folder)).Should().Equal(readme.Output);
        (await RunAsync(app, folder)).Should().EndWith("Balance { Amount = 200 }");
        (await RunAsync(app, folder, "evidence.db", "evidence")).Should().Equal("account-opened", "erased 2 payloads of 1 streams, recorded at position 3", "1 account-opened", "2 money-deposited", "True");
        (await RunAsync(app, folder, "hosted.db", "hosted")).Should().Equal("hosted.db 00:00:02 Ignore", "Balance { Amount = 0 }", "Welcome, Ann!", "Healthy");
    }

    private static long WholeRuntime => new FileInfo(typeof(object).Assembly.Location).Length;

    private static long SizeOf(string folder, string file) => new FileInfo(Path.Combine(folder, file)).Length;

    private Task<string> PublishAsync(string folder) => DotnetCommand.RunAsync(
        SourceTree.Root,
        new Dictionary<string, string>(),
        [
            "publish", "tests/EventSourcing.Trimmed", "--configuration", "Release",
            "--runtime", RuntimeInformation.RuntimeIdentifier, "--output", folder, .. packages.BuildArguments,
        ]);

    private static async Task<string[]> RunAsync(string app, string folder, params string[] arguments) => (await DotnetCommand.RunProgramAsync(app, folder, new Dictionary<string, string>(), arguments)).ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
}
