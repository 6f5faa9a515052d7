using EventSourcing;

namespace Banking;

/// <summary>The read model behind <c>top</c>: each account with its balance, under its id, to be found in the order of balances.</summary>
public sealed class AccountBalances : Projection<AccountBalance>
{
    public static readonly DocumentField<AccountBalance, decimal> Balance = new("balance", account => account.Balance);

    public AccountBalances()
    {
        On<AccountOpened>((_, e) => new AccountBalance(e.Owner, Balance: 0, Transactions: 0));
        On<MoneyDeposited>((account, e) => account! with { Balance = account.Balance + e.Amount, Transactions = account.Transactions + 1 });
        On<MoneyWithdrawn>((account, e) => account! with { Balance = account.Balance - e.Amount, Transactions = account.Transactions + 1 });
        On<RoundingAdjusted>((account, e) => account! with { Balance = account.Balance + e.Amount });
    }

    public override IReadOnlyList<DocumentField<AccountBalance>> Fields => [Balance];
}

public sealed record AccountBalance(string? Owner, decimal Balance, long Transactions);
