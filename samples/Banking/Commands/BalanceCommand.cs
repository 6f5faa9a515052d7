using System.CommandLine;

namespace Banking;

/// <summary><c>balance ACCOUNT [--at YYYY-MM-DD]</c></summary>
internal static class BalanceCommand
{
    public static Command Create()
    {
        var account = CommandLine.AccountArgument();
        var at = CommandLine.AtOption();
        var files = new BankFileOptions();
        var command = new Command("balance", "Rebuilds an account from its events and prints its balance, now or on a day in the past.") { account, at, files.Database, files.Key, files.Checkpoints };
        command.SetAction((arguments, cancellationToken) => RunAsync(arguments.GetRequiredValue(account), arguments.GetValue(at), files.In(arguments), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string accountId, DateOnly? at, BankFiles files, CancellationToken cancellationToken)
    {
        await using var store = Bank.OpenExisting(files);
        var account = await store.LoadAccountAsync(accountId, at, cancellationToken);
        Console.Out.WriteLine(Money.Text(account.Balance));
        return ExitCode.Ok;
    }
}
