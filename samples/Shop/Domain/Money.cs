using System.Globalization;

namespace Shop;

/// <summary>Amounts are decimals with two places, written the same everywhere.</summary>
public static class Money
{
    /// <summary>For example <c>1,234.50</c>, whatever the culture.</summary>
    public static string Text(decimal amount) => amount.ToString("#,0.00", CultureInfo.InvariantCulture);

    /// <summary>The amount in cents, for SQL, which has no decimals.</summary>
    public static long Cents(decimal amount) => (long)(amount * 100);

    public static decimal FromCents(long cents) => cents / 100m;
}
