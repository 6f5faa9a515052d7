using System.Text.RegularExpressions;

namespace EventSourcing.Package.Tests;

/// <summary>The notes of a version are written before it is released, not afterwards.</summary>
public class ReleaseNotesTests
{
    [Fact]
    public void Release_notes_begin_with_the_version_that_is_built()
    {
        var built = Regex.Match(Read("Directory.Build.props"), "<VersionPrefix>(?<version>.+)</VersionPrefix>").Groups["version"].Value;
        var newest = Regex.Match(Read(".github/CHANGELOG.md"), @"^## (?<version>\S+)", RegexOptions.Multiline).Groups["version"].Value;

        built.Should().NotBeEmpty();
        newest.Should().Be(built);
    }

    private static string Read(string file) => File.ReadAllText(SourceTree.PathOf(file));
}
