using System.CommandLine;
using System.Globalization;
using EventSourcing;

namespace Banking;

/// <summary><c>history ACCOUNT [--at YYYY-MM-DD]</c></summary>
internal static class HistoryCommand
{
    public static Command Create()
    {
        var account = CommandLine.AccountArgument();
        var at = CommandLine.AtOption();
        var files = new BankFileOptions();
        var command = new Command("history", "Lists the events of an account, oldest first, with what each of them changed.") { account, at, files.Database, files.Key, files.Checkpoints };
        command.SetAction((arguments, cancellationToken) => RunAsync(arguments.GetRequiredValue(account), arguments.GetValue(at), files.In(arguments), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string accountId, DateOnly? at, BankFiles files, CancellationToken cancellationToken)
    {
        await using var store = Bank.OpenExisting(files);
        await store.RequireAccountAsync(accountId, cancellationToken);
        await foreach (var (e, changes) in store.Aggregate<Account>(accountId).HistoryAsync(Bank.AsOfEndOf(at), cancellationToken))
        {
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{e.Version,7}  {e.RecordedAt:yyyy-MM-dd}  {e.Type,-17}  {string.Join(", ", changes)}"));
        }

        return ExitCode.Ok;
    }
}
