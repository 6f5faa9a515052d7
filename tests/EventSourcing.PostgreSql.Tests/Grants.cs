using EventSourcing.Tests.Postgres;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>The rights that the package's README gives to an app's role: read from there, so that it says what works.</summary>
internal static class Grants
{
    public static void Give(string schema, string role)
    {
        var readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "README.md"));
        var script = readme.Split("```sql\n")
            .Select(part => part.Split("```")[0]).Single(block => block.Contains("GRANT USAGE", StringComparison.Ordinal));
        PostgresServer.Run(script.Replace("eventsourcing", $"\"{schema}\"", StringComparison.Ordinal)
            .Replace("bank_app", role, StringComparison.Ordinal));
    }
}
