using EventSourcing;

namespace Banking;

/// <summary>The read model behind <c>top</c>: each account with its balance, under its id, to be found in the order of balances.</summary>
public sealed partial class AccountBalances : Projection<AccountBalance>
{
    public static readonly DocumentField<AccountBalance, decimal> Balance = new("balance", account => account.Balance);

    public override IReadOnlyList<DocumentField<AccountBalance>> Fields => [Balance];

    private static AccountBalance Apply(AccountBalance? _, AccountOpened e) => new(e.Owner, Balance: 0, Transactions: 0);

    private static AccountBalance Apply(AccountBalance account, MoneyDeposited e) => account with { Balance = account.Balance + e.Amount, Transactions = account.Transactions + 1 };

    private static AccountBalance Apply(AccountBalance account, MoneyWithdrawn e) => account with { Balance = account.Balance - e.Amount, Transactions = account.Transactions + 1 };

    private static AccountBalance Apply(AccountBalance account, RoundingAdjusted e) => account with { Balance = account.Balance + e.Amount };
}

public sealed record AccountBalance(string? Owner, decimal Balance, long Transactions);
