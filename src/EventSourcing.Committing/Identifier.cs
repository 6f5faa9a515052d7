namespace EventSourcing;

/// <summary>Names quoted for SQL. A name that an app chooses may contain any character, quotes included.</summary>
internal static partial class Identifier
{
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
