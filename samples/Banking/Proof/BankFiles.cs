namespace Banking;

/// <summary>Where the files of a bank are.</summary>
/// <param name="Database">The events: the path of a file, or a connection string.</param>
/// <param name="Key">The key that signs checkpoints of them; its public part stands in a file of that name with <c>.pub</c> after it.</param>
/// <param name="Checkpoints">What was signed.</param>
internal sealed record BankFiles(string Database, string Key, string Checkpoints)
{
    /// <summary>Whether the database is on a PostgreSQL server: a connection string has an equals sign.</summary>
    public bool IsOnServer => IsConnectionString(Database);

    /// <summary>
    /// All beside the database: good for trying it out. Who can change the one file there can change the others. What belongs to a
    /// bank on a server is in the current folder.
    /// </summary>
    public static BankFiles Beside(string database) =>
        IsConnectionString(database) ? new(database, "bank.key", "bank.checkpoints") : new(database, database + ".key", database + ".checkpoints");

    private static bool IsConnectionString(string database) => database.Contains('=', StringComparison.Ordinal);
}
