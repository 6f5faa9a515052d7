using System.CommandLine;
using EventSourcing;

namespace Banking;

/// <summary><c>diff ACCOUNT --from YYYY-MM-DD [--to YYYY-MM-DD]</c></summary>
internal static class DiffCommand
{
    public static Command Create()
    {
        var account = CommandLine.AccountArgument();
        var from = CommandLine.DateOption("--from", "The day at the end of which the comparison begins.");
        from.Required = true;
        var to = CommandLine.DateOption("--to", "The day at the end of which it ends. By default: now.");
        var files = new BankFileOptions();
        var command = new Command("diff", "Says in what an account differs between two days.") { account, from, to, files.Database, files.Key, files.Checkpoints };
        command.SetAction((arguments, cancellationToken) =>
            RunAsync(arguments.GetRequiredValue(account), arguments.GetValue(from), arguments.GetValue(to), files.In(arguments), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string accountId, DateOnly? from, DateOnly? to, BankFiles files, CancellationToken cancellationToken)
    {
        await using var store = Bank.OpenExisting(files);
        await store.RequireAccountAsync(accountId, cancellationToken);
        foreach (var change in await store.Aggregate<Account>(accountId).CompareAsync(Bank.AsOfEndOf(from), Bank.AsOfEndOf(to), cancellationToken)) Console.Out.WriteLine(change);
        return ExitCode.Ok;
    }
}
