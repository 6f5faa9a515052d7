using System.Globalization;

namespace Banking;

/// <summary>Amounts are decimals with two places, written the same everywhere.</summary>
public static class Money
{
    /// <summary>For example <c>1234.50</c>, whatever the culture.</summary>
    public static string Text(decimal amount) =>
        (amount == 0 ? 0 : amount).ToString("0.00", CultureInfo.InvariantCulture); // a decimal zero may have a minus sign

    public static bool HasTwoPlaces(decimal amount) => decimal.Round(amount, 2) == amount;
}
