using System.Globalization;

namespace EventSourcing.Generators;

/// <summary>What the library refuses at run time as the name or version of a stored event.</summary>
internal static class StoredNames
{
    private const int MaxLength = 200;
    private const string OfTheLibrary = "$payloads-erased";

    /// <summary>What is wrong with names and version, as a clause; null if nothing is.</summary>
    /// <param name="name">The name.</param>
    /// <param name="version">The version.</param>
    /// <param name="aliases">Former names.</param>
    public static string? Flaw(string name, int version, IEnumerable<string> aliases)
    {
        if (FlawOf(name, version) is { } flaw) return flaw;
        foreach (var alias in aliases)
        {
            if (alias == name) return $"'{name}' is its name and among its Aliases too; remove it there";
            if (FlawOfName(alias, "an alias") is { } flawOfAlias) return flawOfAlias;
        }

        return null;
    }

    /// <summary>What is wrong with a name and a version, as a clause; null if nothing is.</summary>
    public static string? FlawOf(string name, int version)
    {
        var number = version.ToString(CultureInfo.InvariantCulture);
        if (FlawOfName(name, "the name") is { } flaw) return flaw;
        if (version < 1) return $"the version is {number}, and the first one is 1; give it 1 or more";
        var length = name.Length + number.Length + 1;
        return version > 1 && length > MaxLength
            ? $"the name with its version has {length.ToString(CultureInfo.InvariantCulture)} characters; give it at most {MaxLength}"
            : null;
    }

    private static string? FlawOfName(string name, string what)
    {
        if (name.Length == 0) return $"{what} is empty; give it 1 to {MaxLength} characters";
        if (name.Length > MaxLength)
            return $"{what} has {name.Length.ToString(CultureInfo.InvariantCulture)} characters; give it at most {MaxLength}";
        for (var i = 0; i < name.Length; i++)
        {
            var isPair = char.IsHighSurrogate(name[i]) && i + 1 < name.Length && char.IsLowSurrogate(name[i + 1]);
            if (char.IsControl(name[i]) || (char.IsSurrogate(name[i]) && !isPair))
                return $"{what} has U+{((int)name[i]).ToString("X4", CultureInfo.InvariantCulture)} at index "
                    + $"{i.ToString(CultureInfo.InvariantCulture)}, which is "
                    + $"{(char.IsControl(name[i]) ? "a control character" : "half a character")}; remove it";
            if (isPair) i++;
        }

        if (name.Trim().Length == 0) return $"{what} is nothing but white space; give it one that can be read";
        return name == OfTheLibrary ? $"{what} '{name}' is that of an event of the library; give it another" : null;
    }
}
