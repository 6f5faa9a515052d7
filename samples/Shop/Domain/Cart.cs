using EventSourcing;

namespace Shop;

/// <summary>What somebody means to buy, until it has become an order.</summary>
public sealed partial class Cart : Aggregate
{
    private readonly SortedDictionary<string, int> _items = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, int> Items => _items;

    /// <summary>The order it has become; <see langword="null"/> while it is open.</summary>
    public string? OrderId { get; private set; }

    public void Add(string sku, int quantity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(quantity);
        if (OrderId is not null) throw new InvalidOperationException($"Cart {Id} has become order {OrderId}; fill another one.");
        Raise(new ItemAddedToCart(sku, quantity));
    }

    public void CheckOut(string orderId)
    {
        if (_items.Count == 0) throw new InvalidOperationException($"Cart {Id} is empty.");
        Raise(new CartCheckedOut(orderId));
    }

    private void Apply(ItemAddedToCart e) => _items[e.Sku] = _items.GetValueOrDefault(e.Sku) + e.Quantity;

    private void Apply(CartCheckedOut e) => OrderId = e.OrderId;
}
