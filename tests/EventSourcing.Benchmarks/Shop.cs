using System.Text.Json.Serialization;

namespace EventSourcing.Benchmarks;

/// <summary>The event that everything is measured with: 200 bytes of JSON, as a shop would write it.</summary>
[EventType("order-item-added")]
public sealed record OrderItemAdded(string OrderId, string CustomerId, string Sku, int Quantity, decimal Price, string Currency, DateTimeOffset At)
{
    public static OrderItemAdded Number(int i) => new(
        $"order-{i % 5000:000000}-0000-7000-8000", $"customer-{i % 977:000000}", $"sku-{i % 313:00000}-red-xl", 1 + (i % 5), 19.99m + (i % 100), "EUR",
        new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(i));
}

public sealed partial class Order : Aggregate
{
    public decimal Total { get; private set; }

    public int Items { get; private set; }

    private void Apply(OrderItemAdded e)
    {
        Total += e.Price * e.Quantity;
        Items++;
    }
}

[Snapshots(100)]
public sealed partial class KeptOrder : Aggregate
{
    private decimal _total;
    private int _items;

    private void Apply(OrderItemAdded e)
    {
        _total += e.Price * e.Quantity;
        _items++;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderItemAdded))]
public sealed partial class ShopJson : JsonSerializerContext;
