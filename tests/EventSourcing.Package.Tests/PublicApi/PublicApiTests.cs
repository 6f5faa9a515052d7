using System.Reflection;

namespace EventSourcing.Package.Tests;

/// <summary>
/// The public surface of each package stands in <c>PublicApi.txt</c> beside its project, so that no change of it goes
/// unseen in a review. To approve a change, move <c>PublicApi.received.txt</c> over it.
/// </summary>
public class PublicApiTests
{
    [Theory]
    [InlineData("EventSourcing")]
    [InlineData("EventSourcing.Explorer")]
    [InlineData("EventSourcing.PostgreSql")]
    [InlineData("EventSourcing.Sqlite")]
    [InlineData("EventSourcing.AspNetCore")]
    [InlineData("EventSourcing.Hosting")]
    [InlineData("EventSourcing.Testing")]
    public void Public_surface_is_the_approved_one(string package)
    {
        var approvedPath = SourceTree.PathOf("src", package, "PublicApi.txt");
        var receivedPath = SourceTree.PathOf("src", package, "PublicApi.received.txt");
        var approved = File.Exists(approvedPath) ? File.ReadAllText(approvedPath).ReplaceLineEndings("\n") : "";
        var received = PublicApiText.Of(Assembly.Load(package));
        if (received == approved)
        {
            File.Delete(receivedPath);
            return;
        }

        File.WriteAllText(receivedPath, received);
        Assert.Fail($"""
            The public surface of {package} is not the approved one. Lines that differ:
            {Difference(approved, received)}
            If that is meant, approve it:
              mv src/{package}/PublicApi.received.txt src/{package}/PublicApi.txt
            """);
    }

    /// <summary>The lines that only one of the texts has, each below the last line without indent before it, its type.</summary>
    private static string Difference(string approved, string received) =>
        string.Join('\n', Only("- ", approved, received).Concat(Only("+ ", received, approved)));

    private static IEnumerable<string> Only(string mark, string text, string other)
    {
        var others = Qualified(other).ToHashSet(StringComparer.Ordinal);
        return Qualified(text).Where(line => !others.Contains(line)).Select(line => mark + line);
    }

    private static IEnumerable<string> Qualified(string text)
    {
        var type = "";
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] != ' ') type = line;
            yield return line[0] == ' ' ? $"{type} … {line.Trim()}" : line;
        }
    }
}
