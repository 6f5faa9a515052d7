using System.Text.Json;
using System.Text.Json.Serialization;

namespace EventSourcing.Benchmarks;

/// <summary>The event that everything is measured with: 200 bytes of JSON, as a shop would write it.</summary>
public sealed record OrderItemAdded(string OrderId, string CustomerId, string Sku, int Quantity, decimal Price, string Currency, DateTimeOffset At)
{
    public static OrderItemAdded Number(int i) => new(
        $"order-{i % 5000:000000}-0000-7000-8000", $"customer-{i % 977:000000}", $"sku-{i % 313:00000}-red-xl", 1 + (i % 5), 19.99m + (i % 100), "EUR",
        new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(i));
}

public sealed class Order : Aggregate
{
    public decimal Total { get; private set; }

    public int Items { get; private set; }

    protected override void Apply(object @event)
    {
        switch (@event)
        {
            case OrderItemAdded e:
                Total += e.Price * e.Quantity;
                Items++;
                break;
        }
    }
}

[Snapshots(100)]
public sealed class KeptOrder : Aggregate, ISnapshotState
{
    private decimal _total;
    private int _items;

    public string Fingerprint => "1";

    public void WriteState(Utf8JsonWriter writer, JsonSerializerOptions json)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(_total);
        writer.WriteNumberValue(_items);
        writer.WriteEndArray();
    }

    public void ReadState(ref Utf8JsonReader reader, JsonSerializerOptions json)
    {
        reader.Read();
        _total = reader.GetDecimal();
        reader.Read();
        _items = reader.GetInt32();
        reader.Read();
    }

    protected override void Apply(object @event)
    {
        if (@event is not OrderItemAdded e) return;
        _total += e.Price * e.Quantity;
        _items++;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderItemAdded))]
public sealed partial class ShopJson : JsonSerializerContext;
