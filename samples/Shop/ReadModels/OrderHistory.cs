using EventSourcing;

namespace Shop;

/// <summary>Every order with what became of it, under its id; found by customer and by status.</summary>
public sealed class OrderHistory : Projection<OrderSummary>
{
    public static readonly DocumentField<OrderSummary, string> Customer = new("customer", order => order.CustomerId);
    public static readonly DocumentField<OrderSummary, OrderStatus> Status = new("status", order => order.Status);

    public OrderHistory()
    {
        On<OrderPlaced>(
            (_, recorded) => [recorded.StreamId],
            (_, _, e, recorded) => new OrderSummary(e.CustomerId, recorded.RecordedAt, e.Lines.Sum(line => line.Quantity), e.Total, OrderStatus.Placed, null));
        On<OrderConfirmed>((order, _) => order! with { Status = OrderStatus.Confirmed });
        On<OrderCancelled>((order, e) => order! with { Status = OrderStatus.Cancelled, CancelledFor = e.Reason });
    }

    public override IReadOnlyList<DocumentField<OrderSummary>> Fields => [Customer, Status];
}

public sealed record OrderSummary(string CustomerId, DateTimeOffset PlacedAt, int Units, decimal Total, OrderStatus Status, CancelReason? CancelledFor);
