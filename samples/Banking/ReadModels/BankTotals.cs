using EventSourcing;

namespace Banking;

/// <summary>The read model behind <c>totals</c>: one document for the whole bank.</summary>
public sealed class BankTotals : Projection<Totals>
{
    public const string Key = "bank";

    protected override IEnumerable<string> KeysOf(RecordedEvent e) => [Key];

    protected override Totals Apply(Totals? document, string key, RecordedEvent e) => (document ?? new Totals()).After(e.Data);
}

/// <summary>What all accounts come to. Folded by the projection in the background, or on demand for a day in the past.</summary>
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

    public Totals After(object @event) => @event switch
    {
        AccountOpened => this with { Accounts = Accounts + 1 },
        MoneyDeposited e => this with { Transactions = Transactions + 1, Credits = Credits + e.Amount },
        MoneyWithdrawn e => this with { Transactions = Transactions + 1, Debits = Debits + e.Amount },
        RoundingAdjusted e => this with { Adjustments = Adjustments + 1, Adjusted = Adjusted + e.Amount },
        _ => this,
    };
}
