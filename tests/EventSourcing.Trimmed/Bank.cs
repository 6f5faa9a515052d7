using System.Text.Json.Serialization;

namespace EventSourcing.Trimmed;

[EventType("account-opened")] public sealed record AccountOpened(string Owner);
[EventType("money-deposited")] public sealed record MoneyDeposited(decimal Amount);
[EventType("money-withdrawn")] public sealed record MoneyWithdrawn(decimal Amount);

public sealed class Account : Aggregate
{
    public decimal Balance { get; private set; }

    public void Open(string owner) => Raise(new AccountOpened(owner));
    public void Deposit(decimal amount) => Raise(new MoneyDeposited(amount));

    protected override void Apply(object @event) => Balance += @event is MoneyDeposited e ? e.Amount : 0;
}

public sealed record Balance(decimal Amount);

public sealed class Balances : Projection<Balance>
{
    public Balances()
    {
        On<AccountOpened>((_, _) => new Balance(0));
        On<MoneyDeposited>((balance, e) => new Balance(balance!.Amount + e.Amount));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AccountOpened))]
[JsonSerializable(typeof(MoneyDeposited))]
[JsonSerializable(typeof(MoneyWithdrawn))]
[JsonSerializable(typeof(Balance))]
internal sealed partial class BankJson : JsonSerializerContext;
