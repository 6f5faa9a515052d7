using EventSourcing;

namespace Banking;

/// <summary>The read model behind <c>top</c>: each account with its balance, under its id.</summary>
public sealed class AccountBalances : Projection<AccountBalance>
{
    protected override AccountBalance? Apply(AccountBalance? document, string key, RecordedEvent e) => e.Data switch
    {
        AccountOpened opened => new AccountBalance(opened.Owner, Balance: 0, Transactions: 0),
        MoneyDeposited deposited => document! with { Balance = document.Balance + deposited.Amount, Transactions = document.Transactions + 1 },
        MoneyWithdrawn withdrawn => document! with { Balance = document.Balance - withdrawn.Amount, Transactions = document.Transactions + 1 },
        RoundingAdjusted adjusted => document! with { Balance = document.Balance + adjusted.Amount },
        _ => document,
    };
}

public sealed record AccountBalance(string? Owner, decimal Balance, long Transactions);
