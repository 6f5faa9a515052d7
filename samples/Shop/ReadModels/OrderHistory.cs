using EventSourcing;

namespace Shop;

/// <summary>Every order with what became of it, under its id; found by customer and by status.</summary>
public sealed partial class OrderHistory : Projection<OrderSummary>
{
    public static readonly DocumentField<OrderSummary, string> Customer = new("customer", order => order.CustomerId);
    public static readonly DocumentField<OrderSummary, OrderStatus> Status = new("status", order => order.Status);

    public override IReadOnlyList<DocumentField<OrderSummary>> Fields => [Customer, Status];

    private static OrderSummary Apply(OrderSummary? _, OrderPlaced e, RecordedEvent recorded) =>
        new(e.CustomerId, recorded.RecordedAt, e.Lines.Sum(line => line.Quantity), e.Total, OrderStatus.Placed, CancelledFor: null);

    private static OrderSummary Apply(OrderSummary order, OrderConfirmed _) => order with { Status = OrderStatus.Confirmed };

    private static OrderSummary Apply(OrderSummary order, OrderCancelled e) => order with { Status = OrderStatus.Cancelled, CancelledFor = e.Reason };
}

public sealed record OrderSummary(string CustomerId, DateTimeOffset PlacedAt, int Units, decimal Total, OrderStatus Status, CancelReason? CancelledFor);
