using System.Buffers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;

namespace EventSourcing.Benchmarks;

/// <summary>
/// What happens in process, without a disk: serializing, and the in-memory storage, each beside what a careful
/// developer would write by hand.
/// </summary>
[MemoryDiagnoser]
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "BenchmarkDotNet ends an instance by its GlobalCleanup.")]
public partial class MicroBenchmarks
{
    private const int StreamLength = 100;
    private readonly OrderItemAdded _event = OrderItemAdded.Number(7);
    private readonly OrderItemAdded[] _events = [.. Enumerable.Range(0, StreamLength).Select(OrderItemAdded.Number)];
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly byte[] _bytes = JsonSerializer.SerializeToUtf8Bytes(OrderItemAdded.Number(7), ShopJson.Default.OrderItemAdded);
    private readonly MinimalStore _minimal = new();
    private readonly EventStore _store = new(
        new InMemoryEventStorage(), new EventTypes(EventType.Of<OrderItemAdded>()), new EventStoreOptions { Json = ShopJson.Default.Options });

    private int _streams;

    [GlobalCleanup]
    public async Task CloseAsync() => await _store.DisposeAsync();

    [GlobalSetup]
    public async Task FillAsync()
    {
        await _store.AppendAsync("order-full", 0, _events);
        foreach (var e in _events) _minimal.Append("order-full", _minimal.VersionOf("order-full"), e);
    }

    [Benchmark]
    public int Serialize()
    {
        _buffer.ResetWrittenCount();
        using var json = new Utf8JsonWriter(_buffer);
        JsonSerializer.Serialize(json, _event, ShopJson.Default.OrderItemAdded);
        return _buffer.WrittenCount;
    }

    [Benchmark]
    public OrderItemAdded? Deserialize() => JsonSerializer.Deserialize(_bytes, ShopJson.Default.OrderItemAdded);

    [Benchmark]
    public long Append_to_minimal_store_of_objects()
    {
        var stream = $"order-{_streams++ % 1000}";
        return _minimal.Append(stream, _minimal.VersionOf(stream), _event);
    }

    [Benchmark]
    public async Task<long> Append_in_memory() => (await _store.AppendAsync($"order-{_streams++ % 1000}", ExpectedVersion.Any, [_event])).Position;

    [Benchmark]
    public decimal Load_100_from_minimal_store_of_objects()
    {
        var order = new FoldingOrder();
        foreach (var e in _minimal.Read("order-full")) order.ApplyOnce(e);
        return order.Total;
    }

    [Benchmark]
    public decimal Load_100_by_hand_from_json()
    {
        var order = new FoldingOrder();
        for (var i = 0; i < StreamLength; i++) order.ApplyOnce(JsonSerializer.Deserialize(_bytes, ShopJson.Default.OrderItemAdded)!);
        return order.Total;
    }

    [Benchmark]
    public async Task<decimal> Load_100_in_memory() => (await _store.Aggregate<Order>("full").LoadAsync()).Total;

    private sealed partial class FoldingOrder : Aggregate
    {
        public decimal Total { get; private set; }

        public int Items { get; private set; }

        public void ApplyOnce(object @event) => Apply(@event);

        private void Apply(OrderItemAdded e)
        {
            Total += e.Price * e.Quantity;
            Items++;
        }
    }

    /// <summary>A lock, a dictionary and a list: objects in, the same objects out, nothing kept but order.</summary>
    private sealed class MinimalStore
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<string, List<object>> _streams = [];
        private readonly List<(Guid Id, string Stream, object Event)> _log = [];

        public int VersionOf(string stream)
        {
            lock (_lock) return _streams.GetValueOrDefault(stream)?.Count ?? 0;
        }

        public long Append(string stream, int expected, object e)
        {
            lock (_lock)
            {
                if (!_streams.TryGetValue(stream, out var events)) _streams.Add(stream, events = []);
                if (events.Count != expected) throw new InvalidOperationException("conflict");
                events.Add(e);
                _log.Add((Guid.CreateVersion7(), stream, e));
                return _log.Count;
            }
        }

        public object[] Read(string stream)
        {
            lock (_lock) return [.. _streams[stream]];
        }
    }
}
