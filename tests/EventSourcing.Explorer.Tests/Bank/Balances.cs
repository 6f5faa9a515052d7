namespace EventSourcing.Explorer.Tests.Bank;

public sealed record Balance(string Owner, string Currency, decimal Amount, int Bookings);

public sealed partial class Balances : Projection<Balance>
{
    public static readonly DocumentField<Balance, string> Owner = new("owner", balance => balance.Owner);
    public static readonly DocumentField<Balance, decimal> Amount = new("amount", balance => balance.Amount);
    public static readonly DocumentField<Balance, int> Bookings = new("bookings", balance => balance.Bookings);

    public override IReadOnlyList<DocumentField<Balance>> Fields => [Owner, Amount, Bookings];

    Balance Apply(Balance? _, AccountOpened e) => new(e.Owner, e.Currency, 0, 0);
    Balance Apply(Balance balance, MoneyDeposited e) =>
        balance with { Amount = balance.Amount + e.Amount, Bookings = balance.Bookings + 1 };
    Balance? Apply(Balance? balance, ErasedEvent _) => balance;
    Balance Apply(Balance balance, MoneyWithdrawn e) =>
        balance with { Amount = balance.Amount - e.Amount, Bookings = balance.Bookings + 1 };
}
