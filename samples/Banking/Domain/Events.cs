using EventSourcing;

namespace Banking;

// What can happen to an account. The names in the attributes are stored with every event and stay for ever; the types
// may be renamed. No event says when it happened: the store records that, by the clock it was given.

/// <param name="Owner">Who owns the account, where that is known: accounts from a bank's file are anonymous.</param>
[EventType("account-opened")]
public sealed record AccountOpened(string? Owner);

/// <param name="TransactionId">Which transaction this is; an account books each once.</param>
[EventType("money-deposited")]
public sealed record MoneyDeposited(long TransactionId, Operation Operation, decimal Amount);

/// <param name="TransactionId">Which transaction this is; an account books each once.</param>
[EventType("money-withdrawn")]
public sealed record MoneyWithdrawn(long TransactionId, Operation Operation, decimal Amount);

/// <summary>The bank had rounded, and the account followed it.</summary>
/// <param name="TransactionId">The transaction after which the bank's balance was another one.</param>
/// <param name="Amount">What has to be added, a positive or negative number, to arrive at the bank's balance.</param>
[EventType("rounding-adjusted")]
public sealed record RoundingAdjusted(long TransactionId, decimal Amount);
