using System.Text.Json.Serialization;

namespace EventSourcing.Trimmed;

[EventType("account-opened")] public sealed record AccountOpened(string Owner);
[EventType("money-deposited")] public sealed record MoneyDeposited(decimal Amount);
[EventType("money-withdrawn")] public sealed record MoneyWithdrawn(decimal Amount);

[Snapshots(every: 10)]
public sealed partial class Account : Aggregate
{
    public string? Owner { get; private set; }

    public decimal Balance { get; private set; }

    public void Open(string owner) => Raise(new AccountOpened(owner));

    public void Deposit(decimal amount) => Raise(new MoneyDeposited(amount));

    private void Apply(AccountOpened e) => Owner = e.Owner;

    private void Apply(MoneyDeposited e) => Balance += e.Amount;

    private void Apply(MoneyWithdrawn e) => Balance -= e.Amount;
}

public sealed record Balance(decimal Amount);

public sealed partial class Balances : Projection<Balance>
{
    private static Balance Apply(Balance? _, AccountOpened e) => new(0);

    private static Balance Apply(Balance balance, MoneyDeposited e) => new(balance.Amount + e.Amount);

    private static Balance Apply(Balance balance, MoneyWithdrawn e) => new(balance.Amount - e.Amount);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AccountOpened))]
[JsonSerializable(typeof(MoneyDeposited))]
[JsonSerializable(typeof(MoneyWithdrawn))]
[JsonSerializable(typeof(Balance))]
internal sealed partial class BankJson : JsonSerializerContext;
