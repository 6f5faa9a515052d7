namespace Banking;

/// <summary>Where the files of a bank are.</summary>
/// <param name="Database">The events.</param>
/// <param name="Key">The key that signs checkpoints of them; its public part stands in a file of that name with <c>.pub</c> after it.</param>
/// <param name="Checkpoints">What was signed.</param>
internal sealed record BankFiles(string Database, string Key, string Checkpoints)
{
    /// <summary>All beside the database: good for trying it out. Who can change the one file there can change the others.</summary>
    public static BankFiles Beside(string database) => new(database, database + ".key", database + ".checkpoints");
}
