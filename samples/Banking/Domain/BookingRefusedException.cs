namespace Banking;

/// <summary>A rule of the domain forbids the booking. The account is as it was.</summary>
public sealed class BookingRefusedException(string accountId, long transactionId, string reason)
    : Exception($"Account {accountId} refused transaction {transactionId}: {reason}.")
{
    public string AccountId { get; } = accountId;

    public long TransactionId { get; } = transactionId;

    /// <summary>The rule that was broken, to follow a colon.</summary>
    public string Reason { get; } = reason;
}
