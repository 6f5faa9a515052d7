using EventSourcing;

namespace Banking;

/// <summary>The read model behind <c>totals</c>: one document for the whole bank.</summary>
public sealed partial class BankTotals : Projection<Totals>
{
    /// <summary>The key of the one document.</summary>
    public const string WholeBank = "bank";

    private static string Key(RecordedEvent _) => WholeBank;

    private static Totals Apply(Totals? totals, AccountOpened _) => totals is null ? new Totals { Accounts = 1 } : totals with { Accounts = totals.Accounts + 1 };

    private static Totals Apply(Totals totals, MoneyDeposited e) => totals with { Transactions = totals.Transactions + 1, Credits = totals.Credits + e.Amount };

    private static Totals Apply(Totals totals, MoneyWithdrawn e) => totals with { Transactions = totals.Transactions + 1, Debits = totals.Debits + e.Amount };

    private static Totals Apply(Totals totals, RoundingAdjusted e) => totals with { Adjustments = totals.Adjustments + 1, Adjusted = totals.Adjusted + e.Amount };
}

/// <summary>What all accounts come to. Folded in the background and stored, or on demand for a day in the past.</summary>
public sealed record Totals
{
    public long Accounts { get; init; }

    public long Transactions { get; init; }

    public long Adjustments { get; init; }

    /// <summary>All money that came in.</summary>
    public decimal Credits { get; init; }

    /// <summary>All money that went out.</summary>
    public decimal Debits { get; init; }

    /// <summary>What all rounding adjustments add up to.</summary>
    public decimal Adjusted { get; init; }

    /// <summary>What all accounts hold together.</summary>
    public decimal Balance => Credits - Debits + Adjusted;
}
