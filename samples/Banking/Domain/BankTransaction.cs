namespace Banking;

/// <summary>A transaction that a bank has booked already, and the balance it says the account had then.</summary>
public sealed record BankTransaction(
    long Id, string AccountId, DateOnly Date, TransactionType Type, Operation Operation, decimal Amount, decimal BalanceAfter);

/// <summary>Whether money came or went.</summary>
public enum TransactionType
{
    Credit,
    Debit,
}
