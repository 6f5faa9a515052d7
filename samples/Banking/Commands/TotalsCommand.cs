using System.CommandLine;
using System.Globalization;
using EventSourcing;

namespace Banking;

/// <summary><c>totals [--at YYYY-MM-DD]</c></summary>
internal static class TotalsCommand
{
    public static Command Create()
    {
        var at = CommandLine.AtOption();
        var files = new BankFileOptions();
        var command = new Command("totals", "Adds up all accounts: from a read model, or from the log for a day in the past.") { at, files.Database, files.Key, files.Checkpoints };
        command.SetAction((arguments, cancellationToken) => RunAsync(arguments.GetValue(at), files.In(arguments), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(DateOnly? at, BankFiles files, CancellationToken cancellationToken)
    {
        await using var store = Bank.OpenExisting(files);
        Print(at is { } day ? await PastAsync(store, day, cancellationToken) : await PresentAsync(store, cancellationToken));
        return ExitCode.Ok;
    }

    /// <summary>The read model, once it has caught up with the log.</summary>
    private static async Task<Totals> PresentAsync(EventStore store, CancellationToken cancellationToken)
    {
        var totals = new BankTotals();
        await using var projections = store.StartProjections(totals);
        await projections.CatchUpAsync(Timeout.InfiniteTimeSpan, cancellationToken);
        return await store.ReadModel(totals).FindAsync(BankTotals.WholeBank, cancellationToken) ?? new Totals();
    }

    /// <summary>The same projection over the log up to that day, live: nothing is stored, and nothing needs to have been thought of in advance.</summary>
    private static async Task<Totals> PastAsync(EventStore store, DateOnly day, CancellationToken cancellationToken)
    {
        var totals = await store.ProjectAsync(new BankTotals(), asOf: AsOf.Instant(Bank.EndOf(day)), cancellationToken: cancellationToken);
        return totals.Find(BankTotals.WholeBank) ?? new Totals();
    }

    private static void Print(Totals totals)
    {
        Print("accounts", totals.Accounts.ToString(CultureInfo.InvariantCulture));
        Print("transactions", totals.Transactions.ToString(CultureInfo.InvariantCulture));
        Print("adjustments", totals.Adjustments.ToString(CultureInfo.InvariantCulture));
        Print("credits", Money.Text(totals.Credits));
        Print("debits", Money.Text(totals.Debits));
        Print("adjusted", Money.Text(totals.Adjusted));
        Print("total balance", Money.Text(totals.Balance));

        static void Print(string what, string value) => Console.Out.WriteLine($"{what,-13}  {value,18}");
    }
}
