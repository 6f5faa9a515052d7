using EventSourcing;

namespace Banking;

/// <summary>The read model behind <c>totals</c>: one document for the whole bank.</summary>
public sealed class BankTotals : Projection<Totals>
{
    public const string Key = "bank";

    public BankTotals()
    {
        Add<AccountOpened>((totals, _) => totals with { Accounts = totals.Accounts + 1 });
        Add<MoneyDeposited>((totals, e) => totals with { Transactions = totals.Transactions + 1, Credits = totals.Credits + e.Amount });
        Add<MoneyWithdrawn>((totals, e) => totals with { Transactions = totals.Transactions + 1, Debits = totals.Debits + e.Amount });
        Add<RoundingAdjusted>((totals, e) => totals with { Adjustments = totals.Adjustments + 1, Adjusted = totals.Adjusted + e.Amount });
    }

    private void Add<TEvent>(Func<Totals, TEvent, Totals> add)
        where TEvent : notnull => On<TEvent>(_ => Key, (totals, e) => add(totals ?? new Totals(), e));
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
