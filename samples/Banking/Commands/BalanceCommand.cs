using System.CommandLine;

namespace Banking;

/// <summary><c>balance ACCOUNT [--at YYYY-MM-DD]</c></summary>
internal static class BalanceCommand
{
    public static Command Create()
    {
        var account = CommandLine.AccountArgument();
        var at = CommandLine.AtOption();
        var database = CommandLine.DatabaseOption();
        var command = new Command("balance", "Rebuilds an account from its events and prints its balance, now or on a day in the past.") { account, at, database };
        command.SetAction((arguments, cancellationToken) => RunAsync(arguments.GetRequiredValue(account), arguments.GetValue(at), arguments.GetRequiredValue(database), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string accountId, DateOnly? at, string database, CancellationToken cancellationToken)
    {
        await using var store = Bank.OpenExisting(database);
        var account = await store.LoadAccountAsync(accountId, at, cancellationToken);
        Console.Out.WriteLine(Money.Text(account.Balance));
        return ExitCode.Ok;
    }
}
