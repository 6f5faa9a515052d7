using System.Globalization;
using System.Text.RegularExpressions;

namespace EventSourcing.Generators.Analyzers;

/// <summary>A line of the contract file: the shape of stored events of a name and version.</summary>
internal sealed record ContractLine(string Name, int Version, string Shape)
{
    private static readonly Regex Form =
        new(@"^(?<name>.+?)@(?<version>[1-9][0-9]{0,9}) (?<shape>\{.*\})$", RegexOptions.CultureInvariant);

    /// <summary>The line. The name is in quotes if it would otherwise be read as another one, or as a comment.</summary>
    public override string ToString()
    {
        var rest = $"@{Version.ToString(CultureInfo.InvariantCulture)} {Shape}";
        return Name.Any(QuotedName.IsBreak) || IsSilent(Name + rest) || Read(Name + rest).Line?.Name != Name
            ? QuotedName.Of(Name) + rest
            : Name + rest;
    }

    /// <summary>Whether a line has no content: it is empty or a comment.</summary>
    public static bool IsSilent(string text) => text.Trim().Length == 0 || text.TrimStart().StartsWith("#", StringComparison.Ordinal);

    /// <summary>Reads a line that has content.</summary>
    /// <returns>The line, or what is wrong with it.</returns>
    public static (ContractLine? Line, string Flaw) Read(string text)
    {
        // A name in quotes may itself look like the rest of a line.
        var quoted = text.StartsWith("\"", StringComparison.Ordinal) && QuotedName.EndIn(text, 0) is >= 0 and var end
            ? text.Substring(0, end + 1)
            : null;
        var match = Form.Match((quoted is null ? text : "x" + text.Substring(quoted.Length)).TrimEnd());
        if (!match.Success
            || (quoted is not null && match.Groups["name"].Length != 1)
            || !int.TryParse(match.Groups["version"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var version))
            return (null, "is not a name, '@', a version of 1 or more, a space and members in braces");
        if ((quoted is null ? match.Groups["name"].Value : QuotedName.Read(quoted)) is not { Length: > 0 } name)
            return (null, "has a name in quotes with a '\\' that stands before neither '\"' nor '\\' nor 'u' and four digits");
        var line = new ContractLine(name, version, match.Groups["shape"].Value);
        return ShapeMember.TryRead(line.Shape, out _)
            ? (line, "")
            : (null, "has a member that is not a name, ':' and a type, or brackets that do not match");
    }

    /// <summary>The order of lines: by name, ordinally, then by version.</summary>
    public int CompareTo(ContractLine other)
    {
        var byName = string.CompareOrdinal(Name, other.Name);
        return byName != 0 ? byName : Version.CompareTo(other.Version);
    }
}
