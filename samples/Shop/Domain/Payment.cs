using EventSourcing;

namespace Shop;

/// <summary>The payment of an order, under the order's id: what the provider has answered, once.</summary>
public sealed class Payment : Aggregate
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

    protected override void Apply(object @event)
    {
        switch (@event)
        {
            case PaymentCaptured e:
                (Status, Amount, Receipt) = (PaymentStatus.Captured, e.Amount, e.Receipt);
                break;
            case PaymentDeclined:
                Status = PaymentStatus.Declined;
                break;
            case PaymentRefunded:
                Status = PaymentStatus.Refunded;
                break;
        }
    }
}

public enum PaymentStatus
{
    Open,
    Captured,
    Declined,
    Refunded,
}
