using System.Globalization;

namespace EventSourcing;

/// <summary>Names as SQL has them. Those that apps choose may hold anything, also quotes.</summary>
internal static class Identifier
{
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A name that nothing in the schema has: the one wished for, or with a number where that is taken.</summary>
    /// <remarks>SQL takes upper and lower case for the same, which names in the store are not; and apps may have made tables of their own.</remarks>
    public static string Free(Database database, string wished)
    {
        var find = database.Prepare("SELECT count(*) FROM sqlite_master WHERE name = ?1 COLLATE NOCASE");
        var name = wished;
        for (var i = 2; find.Bind(1, name).Scalar() > 0; i++) name = string.Create(CultureInfo.InvariantCulture, $"{wished}_{i}");
        return name;
    }
}
