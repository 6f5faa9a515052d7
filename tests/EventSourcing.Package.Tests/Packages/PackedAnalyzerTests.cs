using System.Text.Json;

namespace EventSourcing.Package.Tests;

/// <summary>
/// Packing finds the analyzers where a build of the tree puts them: the pack of <see cref="PackedPackages"/> builds under
/// a folder of its own, whose paths are those of no framework.
/// </summary>
public class PackedAnalyzerTests
{
    [Fact]
    public async Task Analyzers_are_packed_from_the_folder_they_are_built_in()
    {
        // As pack evaluates a project for one of its frameworks.
        var items = await DotnetCommand.RunAsync(
            SourceTree.Root,
            new Dictionary<string, string>(),
            "msbuild", SourceTree.PathOf("src", "EventSourcing"), "-target:PackAnalyzers", "-property:TargetFramework=net10.0", "-getItem:TfmSpecificPackageFile");

        using var parsed = JsonDocument.Parse(items);
        var files = parsed.RootElement.GetProperty("Items").GetProperty("TfmSpecificPackageFile").EnumerateArray().Select(item => item.GetProperty("FullPath").GetString()!).ToList();
        files.Should().HaveCount(2).And.OnlyContain(file => Path.GetFileName(Path.GetDirectoryName(file)) == "netstandard2.0");
    }
}
