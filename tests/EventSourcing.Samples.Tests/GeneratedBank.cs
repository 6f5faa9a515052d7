using System.Globalization;
using System.Text;

namespace EventSourcing.Samples.Tests;

/// <summary>
/// A bank that makes up transactions, the same ones for the same numbers, and keeps its own books: whole hallers, no
/// line of the library or the sample.
/// </summary>
internal sealed class GeneratedBank
{
    public const string Header = "transaction_id,account_id,date,type,operation,amount,balance";
    private static readonly string[] CreditOperations = ["cash-deposit", "collection-from-bank", "interest-or-fee"];
    private static readonly string[] DebitOperations = ["cash-withdrawal", "card-withdrawal", "remittance-to-bank", "interest-or-fee"];

    public GeneratedBank(int seed, int accounts, int days, int linesPerDay)
    {
        var random = new Random(seed);
        var balances = new Dictionary<int, long>();
        var csv = new StringBuilder(Header).Append('\n');
        var transactionId = 1000;
        for (var day = 0; day < days; day++)
        {
            // Bank holidays, and days at a month's end that are busier than others.
            var date = new DateOnly(1993, 1, 1).AddDays(day);
            var lines = date.DayOfWeek == DayOfWeek.Sunday ? 0 : date.Day == 28 ? linesPerDay * 4 : random.Next(1, linesPerDay * 2);
            for (var i = 0; i < lines; i++)
            {
                var account = random.Next(1, accounts + 1);
                var isCredit = random.Next(100) < 55;
                var operations = isCredit ? CreditOperations : DebitOperations;
                var line = new GeneratedLine(
                    TransactionId: transactionId += random.Next(1, 4),
                    Account: account,
                    Date: date,
                    IsCredit: isCredit,
                    Operation: operations[random.Next(operations.Length)],
                    Amount: random.Next(1, 2_000_000),
                    Rounding: random.Next(100) < 8 ? (random.Next(2) * 2 - 1) * random.Next(1, 21) : 0);
                balances[account] = balances.GetValueOrDefault(account) + line.Change + line.Rounding;
                Lines.Add(line with { BalanceAfter = balances[account] });
                csv.Append(Lines[^1].Csv).Append('\n');
            }
        }

        Csv = csv.ToString();
    }

    public string Csv { get; }

    public List<GeneratedLine> Lines { get; } = [];

    public DateOnly LastDay => Lines[^1].Date;

    public int Adjustments => Lines.Count(line => line.Rounding != 0);

    public Dictionary<int, long> BalancesAt(DateOnly day)
    {
        var balances = new Dictionary<int, long>();
        foreach (var line in Lines.Where(line => line.Date <= day)) balances[line.Account] = line.BalanceAfter;
        return balances;
    }

    public string[] Totals(DateOnly day)
    {
        var lines = Lines.Where(line => line.Date <= day).ToList();
        return
        [
            BalancesAt(day).Count.ToString(CultureInfo.InvariantCulture),
            lines.Count.ToString(CultureInfo.InvariantCulture),
            lines.Count(line => line.Rounding != 0).ToString(CultureInfo.InvariantCulture),
            Text(lines.Where(line => line.IsCredit).Sum(line => line.Amount)),
            Text(lines.Where(line => !line.IsCredit).Sum(line => line.Amount)),
            Text(BalancesAt(day).Values.Sum()),
        ];
    }

    public static string Text(long hallers) =>
        (hallers < 0 ? "-" : "") + (Math.Abs(hallers) / 100).ToString(CultureInfo.InvariantCulture) + "." + (Math.Abs(hallers) % 100).ToString("00", CultureInfo.InvariantCulture);
}

internal sealed record GeneratedLine(int TransactionId, int Account, DateOnly Date, bool IsCredit, string Operation, long Amount, long Rounding)
{
    public long BalanceAfter { get; init; }

    public long Change => IsCredit ? Amount : -Amount;

    public string Csv => string.Create(
        CultureInfo.InvariantCulture,
        $"{TransactionId},{Account},{Date:yyyy-MM-dd},{(IsCredit ? "credit" : "debit")},{Operation},{GeneratedBank.Text(Amount)},{GeneratedBank.Text(BalanceAfter)}");
}
