using EventSourcing;

namespace Shop;

/// <summary>The payment of an order, under the order's id: what the provider has answered, once.</summary>
public sealed partial class Payment : Aggregate
{
    public PaymentStatus Status { get; private set; }

    public decimal Amount { get; private set; }

    public string? Receipt { get; private set; }

    public void Capture(decimal amount, string receipt, DateTimeOffset at)
    {
        if (Status == PaymentStatus.Open) Raise(new PaymentCaptured(amount, receipt, at));
    }

    public void Decline(decimal amount, string reason)
    {
        if (Status == PaymentStatus.Open) Raise(new PaymentDeclined(amount, reason));
    }

    public void Refund(string receipt, DateTimeOffset at)
    {
        if (Status == PaymentStatus.Captured) Raise(new PaymentRefunded(Amount, receipt, at));
    }

    private void Apply(PaymentCaptured e) => (Status, Amount, Receipt) = (PaymentStatus.Captured, e.Amount, e.Receipt);

    private void Apply(PaymentDeclined e) => Status = PaymentStatus.Declined;

    private void Apply(PaymentRefunded e) => Status = PaymentStatus.Refunded;
}

public enum PaymentStatus
{
    Open,
    Captured,
    Declined,
    Refunded,
}
