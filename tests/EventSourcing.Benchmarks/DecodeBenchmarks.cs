using System.Text.Json;
using System.Text.Json.Nodes;
using BenchmarkDotNet.Attributes;

namespace EventSourcing.Benchmarks;

/// <summary>From bytes to an event: of today's version, and of one before that an upcaster takes, each beside what JSON takes for it.</summary>
[MemoryDiagnoser]
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "BenchmarkDotNet ends an instance by its GlobalCleanup.")]
public class DecodeBenchmarks
{
    private readonly byte[] _today = JsonSerializer.SerializeToUtf8Bytes(OrderItemAdded.Number(7), ShopJson.Default.OrderItemAdded);
    private readonly byte[] _before = System.Text.Encoding.UTF8.GetBytes(Before().ToJsonString());
    private readonly EventStore _store = new(
        new InMemoryEventStorage(),
        new EventTypes([EventType.Of<OrderItemAdded>("item", 2)], [Upcaster.Json("item", 1, WithCurrency)]),
        new EventStoreOptions { Json = ShopJson.Default.Options });

    [GlobalCleanup]
    public async Task CloseAsync() => await _store.DisposeAsync();

    [Benchmark(Baseline = true)]
    public object? Today_by_hand() => JsonSerializer.Deserialize(_today, ShopJson.Default.OrderItemAdded);

    [Benchmark]
    public object Today() => _store.Serializer.Find("item@2")!.Decode(_today)[0];

    [Benchmark]
    public object? Version_before_by_hand() => JsonSerializer.Deserialize(WithCurrency((JsonObject)JsonNode.Parse(_before)!), ShopJson.Default.OrderItemAdded);

    [Benchmark]
    public object Version_before() => _store.Serializer.Find("item")!.Decode(_before)[0];

    private static JsonObject WithCurrency(JsonObject e)
    {
        e["currency"] = "EUR";
        return e;
    }

    private static JsonObject Before()
    {
        var e = (JsonObject)JsonSerializer.SerializeToNode(OrderItemAdded.Number(7), ShopJson.Default.OrderItemAdded)!;
        e.Remove("currency");
        return e;
    }
}
