using System.Runtime.InteropServices;

namespace EventSourcing.Package.Tests;

/// <summary>The README's story in an app that is trimmed as far as it goes and has neither reflection for JSON nor dynamic code.</summary>
[Collection(nameof(PackedPackages))]
public class TrimmedAppTests(PackedPackages packages)
{
    [Fact]
    public async Task Trimmed_app_is_published_without_a_warning_and_tells_the_story()
    {
        var folder = Path.Combine(packages.Workspace, "trimmed");
        var published = await DotnetCommand.RunAsync(
            SourceTree.Root,
            new Dictionary<string, string>(),
            ["publish", "tests/EventSourcing.Trimmed", "--configuration", "Release", "--runtime", RuntimeInformation.RuntimeIdentifier, "--output", folder, .. packages.BuildArguments]);
        var readme = ReadmeProgram.Read(await File.ReadAllTextAsync(SourceTree.PathOf("README.md")));
        var app = Path.Combine(folder, OperatingSystem.IsWindows() ? "EventSourcing.Trimmed.exe" : "EventSourcing.Trimmed");

        published.Should().NotContain("warning");
        new FileInfo(Path.Combine(folder, "System.Private.CoreLib.dll")).Length.Should().BeLessThan(new FileInfo(typeof(object).Assembly.Location).Length / 2, "what the app does not use was left out");
        (await RunAsync(app, folder)).Should().Equal(readme.Output);
        (await RunAsync(app, folder)).Should().EndWith("Balance { Amount = 200 }");
        (await RunAsync(app, folder, "evidence.db", "evidence")).Should().Equal("account-opened", "erased 2 payloads of 1 streams, recorded at position 3", "1 account-opened", "2 money-deposited", "True");
    }

    private static async Task<string[]> RunAsync(string app, string folder, params string[] arguments) => (await DotnetCommand.RunProgramAsync(app, folder, new Dictionary<string, string>(), arguments)).ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
}
