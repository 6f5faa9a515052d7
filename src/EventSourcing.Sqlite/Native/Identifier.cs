using System.Globalization;

namespace EventSourcing;

internal static partial class Identifier
{
    /// <summary>A name that nothing in the schema has: the wished one, or one with a number appended if that is taken.</summary>
    /// <remarks>
    /// SQL ignores the case of names, while names in the store differ by case; and apps may have made tables of their own.
    /// </remarks>
    public static string Free(Database database, string wished)
    {
        var find = database.Prepare("SELECT count(*) FROM sqlite_master WHERE name = ?1 COLLATE NOCASE");
        var name = wished;
        for (var i = 2; find.Bind(1, name).Scalar() > 0; i++) name = string.Create(CultureInfo.InvariantCulture, $"{wished}_{i}");
        return name;
    }
}
