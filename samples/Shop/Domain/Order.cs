using EventSourcing;

namespace Shop;

/// <summary>
/// An order: placed with its stock reserved, then confirmed when it is paid for, or cancelled. Commands that come twice
/// do no harm: the order process gives them again after a crash.
/// </summary>
public sealed partial class Order : Aggregate
{
    private bool _cancellationRequested;

    public OrderStatus Status { get; private set; }

    public string? CustomerId { get; private set; }

    public IReadOnlyList<OrderLine> Lines { get; private set; } = [];

    public decimal Total { get; private set; }

    public void Place(string customerId, IReadOnlyList<OrderLine> lines, string card)
    {
        if (CustomerId is not null) throw new InvalidOperationException($"Order {Id} is placed already.");
        Raise(new OrderPlaced(customerId, lines, lines.Sum(line => line.Amount()), card));
    }

    /// <summary>It is paid for. One that was cancelled meanwhile stays so.</summary>
    public void Confirm()
    {
        if (Status == OrderStatus.Placed) Raise(new OrderConfirmed());
    }

    public void RequestCancellation()
    {
        if (Status != OrderStatus.Cancelled && !_cancellationRequested) Raise(new CancellationRequested());
    }

    public void Cancel(CancelReason reason)
    {
        if (Status != OrderStatus.Cancelled) Raise(new OrderCancelled(Lines, Total, reason));
    }

    private void Apply(OrderPlaced e) => (CustomerId, Lines, Total) = (e.CustomerId, e.Lines, e.Total);

    private void Apply(OrderConfirmed e) => Status = OrderStatus.Confirmed;

    private void Apply(CancellationRequested e) => _cancellationRequested = true;

    private void Apply(OrderCancelled e) => Status = OrderStatus.Cancelled;
}
