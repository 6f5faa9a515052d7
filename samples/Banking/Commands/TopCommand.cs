using System.CommandLine;
using System.Globalization;
using EventSourcing;

namespace Banking;

/// <summary><c>top N</c></summary>
internal static class TopCommand
{
    public static Command Create()
    {
        var count = new Argument<int>("N")
        {
            Description = "How many accounts: 1 or more.",
            CustomParser = result =>
            {
                if (int.TryParse(result.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) && n > 0) return n;
                result.AddError($"'{result.Tokens[0].Value}' is not a number of accounts. Give 1 or more.");
                return 0;
            },
        };
        var files = new BankFileOptions();
        var command = new Command("top", "Lists the accounts with the highest balances, from a read model.") { count, files.Database, files.Key, files.Checkpoints };
        command.SetAction((arguments, cancellationToken) => RunAsync(arguments.GetRequiredValue(count), files.In(arguments), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(int count, BankFiles files, CancellationToken cancellationToken)
    {
        await using var store = Bank.OpenExisting(files);
        var balances = new AccountBalances();
        await using var projections = store.StartProjections(balances);
        await projections.CatchUpAsync(Timeout.InfiniteTimeSpan, cancellationToken);

        var rank = 0;
        var top = store.ReadModel(balances).Query().OrderByDescending(AccountBalances.Balance).Take(count);
        await foreach (var (account, document) in top.ToAsyncEnumerable(cancellationToken))
        {
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{++rank,4}  {account,10}  {Money.Text(document.Balance),15}"));
        }

        return ExitCode.Ok;
    }
}
