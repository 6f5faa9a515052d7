using System.CommandLine;
using System.Globalization;
using EventSourcing;

namespace Banking;

/// <summary><c>statement ACCOUNT</c></summary>
internal static class StatementCommand
{
    public static Command Create()
    {
        var account = CommandLine.AccountArgument();
        var files = new BankFileOptions();
        var command = new Command("statement", "Lists the events of an account, oldest first, with the balance after each.") { account, files.Database, files.Key, files.Checkpoints };
        command.SetAction((arguments, cancellationToken) => RunAsync(arguments.GetRequiredValue(account), files.In(arguments), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string accountId, BankFiles files, CancellationToken cancellationToken)
    {
        await using var store = Bank.OpenExisting(files);
        var stream = await store.RequireAccountAsync(accountId, cancellationToken);
        Console.Out.WriteLine($"{"version",7}  {"date",-10}  {"transaction",11}  {"what",-20}  {"amount",15}  {"balance",15}");
        var balance = 0m;
        await foreach (var e in store.ReadStreamAsync(stream, cancellationToken: cancellationToken))
        {
            var (transaction, what, amount) = EntryOf(e.Data);
            balance += amount ?? 0;
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{e.Version,7}  {e.RecordedAt:yyyy-MM-dd}  {transaction,11}  {what,-20}  {(amount is { } money ? Money.Text(money) : ""),15}  {Money.Text(balance),15}"));
        }

        return ExitCode.Ok;
    }

    private static (long? Transaction, string What, decimal? Amount) EntryOf(object @event) => @event switch
    {
        AccountOpened => (null, "opened", null),
        MoneyDeposited e => (e.TransactionId, e.Operation.Name(), e.Amount),
        MoneyWithdrawn e => (e.TransactionId, e.Operation.Name(), -e.Amount),
        RoundingAdjusted e => (e.TransactionId, "rounding", e.Amount),
        _ => (null, @event.GetType().Name, null),
    };
}
