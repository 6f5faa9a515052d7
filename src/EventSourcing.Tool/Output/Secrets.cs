using System.Text.RegularExpressions;

namespace EventSourcing.Tool;

/// <summary>
/// Hides passwords in messages. No message of the tool has one; but a parser repeats an argument that it does not understand, and that
/// may be a connection string in a wrong place.
/// </summary>
internal static partial class Secrets
{
    private const string Hidden = "${before}***";

    public static string Hide(string text) =>
        BeforeHost().Replace(InKeywords().Replace(InUrl().Replace(text, Hidden), Hidden), Hidden);

    [GeneratedRegex(@"(?<before>://[^:/@\s']*:)[^\s/]*(?=@)")]
    private static partial Regex InUrl();

    /// <summary>A URL that was mistyped is none, but its <c>user:password@</c> is still there.</summary>
    [GeneratedRegex(@"(?<before>[^:/@\s'""]:)[^\s/'""]+(?=@)")]
    private static partial Regex BeforeHost();

    [GeneratedRegex(@"(?<before>(password|passwd|pwd|passfile)\s*[=:]\s*)('[^']*'?|""[^""]*""?|[^;\s]*)", RegexOptions.IgnoreCase)]
    private static partial Regex InKeywords();
}
