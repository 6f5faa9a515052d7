using System.CommandLine;

namespace Banking;

/// <summary>The options that say where a bank's files are.</summary>
internal sealed class BankFileOptions
{
    public Option<string> Database { get; } = new("--db")
    {
        Description = "The database: a SQLite file, or a connection string of PostgreSQL.",
        HelpName = "PATH",
        DefaultValueFactory = _ => "bank.db",
        CustomParser = CommandLine.NotEmpty,
    };

    public Option<string?> Key { get; } = new("--key")
    {
        Description = "The key that signs checkpoints. By default beside the database, with .key after its name; of a bank in PostgreSQL bank.key.",
        HelpName = "PATH",
        CustomParser = CommandLine.NotEmpty,
    };

    public Option<string?> Checkpoints { get; } = new("--checkpoints")
    {
        Description = "The file of signed checkpoints. By default beside the database, with .checkpoints after its name; of a bank in PostgreSQL bank.checkpoints.",
        HelpName = "PATH",
        CustomParser = CommandLine.NotEmpty,
    };

    public BankFiles In(ParseResult arguments)
    {
        var beside = BankFiles.Beside(arguments.GetRequiredValue(Database));
        return beside with { Key = arguments.GetValue(Key) ?? beside.Key, Checkpoints = arguments.GetValue(Checkpoints) ?? beside.Checkpoints };
    }
}
