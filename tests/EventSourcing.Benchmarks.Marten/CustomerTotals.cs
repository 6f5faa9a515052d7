using Marten.Events.Projections;

namespace EventSourcing.Benchmarks.Peers;

/// <summary>The event of the benchmark, the same bytes.</summary>
public sealed record OrderItemAdded(string OrderId, string CustomerId, string Sku, int Quantity, decimal Price, string Currency,
    DateTimeOffset At)
{
    public static OrderItemAdded Number(int i) => new(
        $"order-{i % 5000:000000}-0000-7000-8000", $"customer-{i % 977:000000}", $"sku-{i % 313:00000}-red-xl", 1 + (i % 5), 19.99m
            + (i % 100), "EUR",
        new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(i));
}

/// <summary>The state of one stream.</summary>
public sealed class Order
{
    public string Id { get; set; } = "";

    public decimal Total { get; set; }

    public int Items { get; set; }

    public void Apply(OrderItemAdded e)
    {
        Total += e.Price * e.Quantity;
        Items++;
    }
}

/// <summary>What the projection keeps for each customer.</summary>
public sealed class CustomerTotal
{
    public string Id { get; set; } = "";

    public int Items { get; set; }

    public decimal Total { get; set; }

    public void Apply(OrderItemAdded e)
    {
        Total += e.Price * e.Quantity;
        Items++;
    }
}

/// <summary>A count per customer, over all streams; how it counts is said by the document.</summary>
public sealed partial class CustomerTotals : MultiStreamProjection<CustomerTotal, string>
{
    public CustomerTotals() => Identity<OrderItemAdded>(e => e.CustomerId);
}
