using EventSourcing;

namespace Banking;

/// <summary>
/// A bank account. Commands are methods: they check the rules and raise events. All state comes from the
/// Apply methods, so that an account loaded from its events is the same as the one that raised them. Accounts live for
/// years: one with many events is loaded from a snapshot and the events after it.
/// </summary>
[Snapshots(every: 100)]
public sealed partial class Account : Aggregate
{
    /// <summary>A bank that rounds is followed this far; beyond it, a transaction is missing or wrong.</summary>
    public const decimal LargestRounding = 0.20m;

    // Remembering what was booked is what makes booking repeatable: after a crash nobody needs to know how far it came.
    private readonly Dictionary<long, Booking> _bookings = [];

    public bool IsOpen { get; private set; }

    public string? Owner { get; private set; }

    public decimal Balance { get; private set; }

    public void Open(string? owner = null)
    {
        if (IsOpen) throw new InvalidOperationException($"Account {Id} is open already.");
        Raise(new AccountOpened(owner));
    }

    /// <summary>Books money that came in. The same transaction again changes nothing.</summary>
    /// <exception cref="BookingRefusedException">A rule forbids it; nothing was raised.</exception>
    public void Deposit(long transactionId, Operation operation, decimal amount)
    {
        RequireAmount(transactionId, amount);
        if (IsBooked(transactionId, operation, amount)) return;
        RequireOpen(transactionId);
        Raise(new MoneyDeposited(transactionId, operation, amount));
    }

    /// <summary>Books money that goes out, as far as there is any. The same transaction again changes nothing.</summary>
    /// <exception cref="BookingRefusedException">A rule forbids it; nothing was raised.</exception>
    public void Withdraw(long transactionId, Operation operation, decimal amount)
    {
        RequireAmount(transactionId, amount);
        if (IsBooked(transactionId, operation, -amount)) return;
        RequireOpen(transactionId);
        if (amount > Balance) throw Refused(transactionId, $"the balance is {Money.Text(Balance)}, which does not cover {Money.Text(amount)}");
        Raise(new MoneyWithdrawn(transactionId, operation, amount));
    }

    /// <summary>
    /// Takes over what a bank has booked, so that the account agrees with the bank to the last digit: opens the account
    /// with its first transaction, and follows the bank's rounding. Whether money was there to be withdrawn was the
    /// bank's decision.
    /// </summary>
    /// <returns>Whether it was new; a transaction that the account has booked already changes nothing.</returns>
    /// <exception cref="BookingRefusedException">A rule forbids it; nothing was raised.</exception>
    public bool TakeOver(BankTransaction transaction)
    {
        RequireAmount(transaction.Id, transaction.Amount);
        if (!Money.HasTwoPlaces(transaction.BalanceAfter)) throw Refused(transaction.Id, "the balance has more than two decimals");
        var change = transaction.Type == TransactionType.Credit ? transaction.Amount : -transaction.Amount;
        if (IsBooked(transaction.Id, transaction.Operation, change, transaction.BalanceAfter)) return false;

        var computed = Balance + change;
        var rounding = transaction.BalanceAfter - computed;
        if (Math.Abs(rounding) > LargestRounding)
            throw Refused(transaction.Id, $"the bank's balance {Money.Text(transaction.BalanceAfter)} is {Money.Text(Math.Abs(rounding))} away from the computed {Money.Text(computed)}");

        if (!IsOpen) Open();
        Raise(transaction.Type == TransactionType.Credit
            ? new MoneyDeposited(transaction.Id, transaction.Operation, transaction.Amount)
            : new MoneyWithdrawn(transaction.Id, transaction.Operation, transaction.Amount));
        if (rounding != 0) Raise(new RoundingAdjusted(transaction.Id, rounding));
        return true;
    }

    /// <summary>Whether a transaction of this id is booked, with whatever content.</summary>
    public bool HasBooked(long transactionId) => _bookings.ContainsKey(transactionId);

    private void Apply(AccountOpened e)
    {
        IsOpen = true;
        Owner = e.Owner;
    }

    private void Apply(MoneyDeposited e)
    {
        Balance += e.Amount;
        _bookings[e.TransactionId] = new Booking(e.Operation, e.Amount, Balance);
    }

    private void Apply(MoneyWithdrawn e)
    {
        Balance -= e.Amount;
        _bookings[e.TransactionId] = new Booking(e.Operation, -e.Amount, Balance);
    }

    private void Apply(RoundingAdjusted e)
    {
        Balance += e.Amount;
        _bookings[e.TransactionId] = _bookings[e.TransactionId] with { BalanceAfter = Balance };
    }

    private void RequireOpen(long transactionId)
    {
        if (!IsOpen) throw Refused(transactionId, "the account is not open");
    }

    private void RequireAmount(long transactionId, decimal amount)
    {
        if (amount <= 0) throw Refused(transactionId, $"the amount {Money.Text(amount)} is not above zero");
        if (!Money.HasTwoPlaces(amount)) throw Refused(transactionId, "the amount has more than two decimals");
    }

    /// <exception cref="BookingRefusedException">The id is booked for something else.</exception>
    private bool IsBooked(long transactionId, Operation operation, decimal change, decimal? balanceAfter = null)
    {
        if (!_bookings.TryGetValue(transactionId, out var booking)) return false;
        if (booking == new Booking(operation, change, balanceAfter ?? booking.BalanceAfter)) return true;
        throw Refused(transactionId, $"a transaction of that id is booked with other content, as {Money.Text(booking.Change)} with the balance {Money.Text(booking.BalanceAfter)} after it");
    }

    private BookingRefusedException Refused(long transactionId, string reason) => new(Id, transactionId, reason);

    private readonly record struct Booking(Operation Operation, decimal Change, decimal BalanceAfter);
}
