using System.Collections.Frozen;
using System.Globalization;

namespace Banking;

/// <summary>A line of a bank's file: a transaction, or why it is none.</summary>
/// <param name="Number">The line's number in the file; the header is line 1.</param>
internal sealed record TransactionLine(int Number, BankTransaction? Transaction, string? Problem)
{
    public const string Header = "transaction_id,account_id,date,type,operation,amount,balance";

    private const int Columns = 7;
    private const string DateFormat = "yyyy-MM-dd";

    // No bank has more. Without this limit, a sum could overflow far from the line that is to blame.
    private const decimal LargestAmount = 999_999_999_999_999.99m;

    private static readonly FrozenDictionary<string, Operation> OperationsByName =
        Enum.GetValues<Operation>().Where(operation => operation != Operation.Transfer).ToFrozenDictionary(operation => operation.Name(), StringComparer.Ordinal);

    public static bool IsHeader(string text) =>
        CsvLine.Split(text) is { } names && string.Join(',', names) == Header;

    /// <summary>Reads a line. What only the account can check is checked later.</summary>
    public static TransactionLine Parse(int number, string text)
    {
        if (CsvLine.Split(text) is not { } values) return Bad("the quotes do not pair up");
        if (values.Count < Columns) return Bad($"missing columns: {values.Count} instead of {Columns}");
        if (values.Count > Columns) return Bad($"too many columns: {values.Count} instead of {Columns}");
        if (!IsId(values[0], out var id)) return Bad($"the transaction_id {Shown(values[0])} is not a number");
        if (!IsId(values[1], out var account)) return Bad($"the account_id {Shown(values[1])} is not a number");
        if (!DateOnly.TryParseExact(values[2], DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)) return Bad($"the date {Shown(values[2])} is not a date like 1993-01-31");
        if (TypeOf(values[3]) is not { } type) return Bad($"unknown type {Shown(values[3])}");
        if (OperationOf(values[4]) is not { } operation) return Bad($"unknown operation {Shown(values[4])}");
        if (!IsMoney(values[5], out var amount)) return Bad($"the amount {Shown(values[5])} is not a number");
        if (!IsMoney(values[6], out var balance)) return Bad($"the balance {Shown(values[6])} is not a number");
        if (Math.Abs(amount) > LargestAmount || Math.Abs(balance) > LargestAmount) return Bad("the amount or the balance is too large");
        return new TransactionLine(number, new BankTransaction(id, account.ToString(CultureInfo.InvariantCulture), date, type, operation, TwoPlaces(amount), TwoPlaces(balance)), Problem: null);

        TransactionLine Bad(string problem) => new(number, Transaction: null, problem);
    }

    private static bool IsId(string text, out long id) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id);

    private static bool IsMoney(string text, out decimal money) =>
        decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out money);

    /// <summary>12.5 becomes 12.50, so that equal amounts are stored alike. 12.345 stays as it is, and the account refuses it.</summary>
    private static decimal TwoPlaces(decimal money) => Money.HasTwoPlaces(money) ? decimal.Round(money, 2) + 0.00m : money;

    private static TransactionType? TypeOf(string text) => text switch
    {
        "credit" => TransactionType.Credit,
        "debit" => TransactionType.Debit,
        _ => null,
    };

    private static Operation? OperationOf(string text) => OperationsByName.TryGetValue(text, out var operation) ? operation : null;

    /// <summary>A value, made safe for a message: a broken file must not send commands to a terminal, or fill it with text.</summary>
    private static string Shown(string value)
    {
        const int longest = 40;
        var cut = value.Length > longest ? value[..longest] + "…" : value;
        return $"'{string.Concat(cut.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c))}'";
    }
}
