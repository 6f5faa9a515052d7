using System.Globalization;
using System.Text.RegularExpressions;

namespace EventSourcing.Generators.Analyzers;

/// <summary>A line of the contract file: the shape of stored events of a name and version.</summary>
internal sealed record ContractLine(string Name, int Version, string Shape)
{
    private static readonly Regex Form = new(@"^(?<name>.+?)@(?<version>[1-9][0-9]{0,8}) (?<shape>\{.*\})$", RegexOptions.CultureInvariant);

    public override string ToString() => $"{Name}@{Version.ToString(CultureInfo.InvariantCulture)} {Shape}";

    /// <summary>Whether a line has no content: it is empty or a comment.</summary>
    public static bool IsSilent(string text) => text.Trim().Length == 0 || text.TrimStart().StartsWith("#", StringComparison.Ordinal);

    /// <summary>Reads a line that has content.</summary>
    /// <returns>The line, or what is wrong with it.</returns>
    public static (ContractLine? Line, string Flaw) Read(string text)
    {
        var match = Form.Match(text.TrimEnd());
        if (!match.Success) return (null, "is not a name, '@', a version of 1 or more, a space and members in braces");
        var line = new ContractLine(
            match.Groups["name"].Value,
            int.Parse(match.Groups["version"].Value, CultureInfo.InvariantCulture),
            match.Groups["shape"].Value);
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
