using EventSourcing;

namespace Shop;

/// <summary>
/// Sees an order through, from the moment it is placed: has it paid for, then confirms or cancels it, and gives stock and
/// money back. It keeps no state of its own: order and payment are aggregates that know how far they are, so every
/// command below may come again, after a failure of the provider or a crash of this process.
/// </summary>
public sealed partial class OrderProcess : Reactor
{
    private readonly EventStore _store;
    private readonly IPaymentProvider _provider;

    public OrderProcess(EventStore store, IPaymentProvider provider)
    {
        _store = store;
        _provider = provider;
    }

    /// <summary>
    /// How it runs. A provider that is down is up again some time: an order waits for it as long as it takes, and only
    /// that order.
    /// </summary>
    public static ProjectionOptions Options { get; } = new()
    {
        RetryDelays = [TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(40), .. Enumerable.Repeat(TimeSpan.FromMilliseconds(200), 500)],
    };

    public override StartFrom Start => StartFrom.Beginning;

    public override int MaxConcurrency => 16;

    /// <summary>Has an order paid for.</summary>
    private async Task React(OrderPlaced e, Delivery delivery, CancellationToken cancellationToken)
    {
        var payment = _store.Aggregate<Payment>(delivery.Event.StreamId);
        if (await payment.FindAsync(cancellationToken: cancellationToken) is not null) return;

        // The provider tells repetitions by the id of the delivery, which is the same after any crash.
        var answer = await _provider.ChargeAsync(delivery.Id, e.Card, e.Total, delivery.Event.RecordedAt, cancellationToken);
        await payment.CreateOrUpdateAsync(
            p =>
            {
                if (answer.Receipt is { } receipt) p.Capture(e.Total, receipt, answer.At);
                else p.Decline(e.Total, answer.DeclinedFor!);
            },
            EventMetadata.CausedBy(delivery.Event),
            cancellationToken: cancellationToken);
    }

    /// <summary>Confirms it when it is. The delivery's id as that of the command makes a second delivery change nothing.</summary>
    private async Task React(PaymentCaptured e, Delivery delivery, CancellationToken cancellationToken) =>
        await _store.Aggregate<Order>(delivery.Event.StreamId).UpdateAsync(order => order.Confirm(), EventMetadata.CausedBy(delivery.Event), commandId: delivery.Id, cancellationToken);

    /// <summary>Cancels it when it cannot be.</summary>
    private async Task React(PaymentDeclined e, Delivery delivery, CancellationToken cancellationToken) => await _store.UpdateTogetherAsync(
        async cancellationToken =>
        {
            var order = await _store.Aggregate<Order>(delivery.Event.StreamId).LoadAsync(cancellationToken: cancellationToken);
            return order.Status == OrderStatus.Cancelled ? [] : await CancelAsync(order, CancelReason.PaymentDeclined, cancellationToken);
        },
        EventMetadata.CausedBy(delivery.Event),
        commandId: delivery.Id,
        cancellationToken);

    /// <summary>
    /// The events of one stream come in order, so by now the order was charged. Where the card was declined, the order is
    /// cancelled for that.
    /// </summary>
    private async Task React(CancellationRequested e, Delivery delivery, CancellationToken cancellationToken)
    {
        var id = delivery.Event.StreamId;
        var paid = await _store.Aggregate<Payment>(id).LoadAsync(cancellationToken: cancellationToken);
        if (paid.Status != PaymentStatus.Captured) return;

        var refund = await _provider.RefundAsync(delivery.Id, paid.Receipt!, delivery.Event.RecordedAt, cancellationToken);
        await _store.UpdateTogetherAsync(
            async cancellationToken =>
            {
                var payment = await _store.Aggregate<Payment>(id).LoadAsync(cancellationToken: cancellationToken);
                var order = await _store.Aggregate<Order>(id).LoadAsync(cancellationToken: cancellationToken);
                if (order.Status == OrderStatus.Cancelled) return [];
                payment.Refund(refund.Receipt!, refund.At);
                return [payment, .. await CancelAsync(order, CancelReason.CustomerRequest, cancellationToken)];
            },
            EventMetadata.CausedBy(delivery.Event),
            commandId: delivery.Id,
            cancellationToken);
    }

    /// <summary>Cancels an order and gives back the stock that was kept for it.</summary>
    /// <returns>All that has changed, to be stored at one stroke.</returns>
    private async Task<IReadOnlyList<Aggregate>> CancelAsync(Order order, CancelReason reason, CancellationToken cancellationToken)
    {
        var changed = new List<Aggregate> { order };
        foreach (var line in order.Lines)
        {
            var product = await _store.Aggregate<Product>(line.Sku).LoadAsync(cancellationToken: cancellationToken);
            product.Release(order.Id);
            changed.Add(product);
        }

        order.Cancel(reason);
        return changed;
    }
}
