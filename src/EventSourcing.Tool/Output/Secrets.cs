using System.Text.RegularExpressions;

namespace EventSourcing.Tool;

/// <summary>
/// Hides passwords in messages. No message of the tool has one; but a parser repeats an argument that it does not understand, and that
/// may be a connection string in a wrong place.
/// </summary>
internal static partial class Secrets
{
    private const string Hidden = "${before}***";

    public static string Hide(string text) => InKeywords().Replace(InUrl().Replace(text, Hidden), Hidden);

    [GeneratedRegex(@"(?<before>://[^:/@\s']*:)[^\s/]*(?=@)")]
    private static partial Regex InUrl();

    [GeneratedRegex(@"(?<before>(password|pwd|passfile)\s*=\s*)('[^']*'?|""[^""]*""?|[^;\s]*)", RegexOptions.IgnoreCase)]
    private static partial Regex InKeywords();
}
