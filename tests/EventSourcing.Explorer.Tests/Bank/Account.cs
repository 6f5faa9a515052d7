namespace EventSourcing.Explorer.Tests.Bank;

public sealed partial class Account : Aggregate
{
    public string? Owner { get; private set; }

    public string? Currency { get; private set; }

    public decimal Balance { get; private set; }

    public decimal Limit { get; private set; }

    public string? City { get; private set; }

    void Apply(AccountOpened e)
    {
        Owner = e.Owner;
        Currency = e.Currency;
    }

    void Apply(MoneyDeposited e) => Balance += e.Amount;

    void Apply(MoneyWithdrawn e) => Balance -= e.Amount;

    void Apply(LimitSet e) => Limit = e.Limit;

    void Apply(AddressChanged e) => City = e.City;

    void Apply(ErasedEvent e)
    {
    }
}
