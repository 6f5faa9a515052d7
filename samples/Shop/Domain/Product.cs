using EventSourcing;

namespace Shop;

/// <summary>A product and its stock: how many there are, and for which orders some are kept.</summary>
public sealed partial class Product : Aggregate
{
    // Remembering for whom makes both commands safe to repeat.
    private readonly Dictionary<string, int> _reservations = new(StringComparer.Ordinal);

    public decimal Price { get; private set; }

    /// <summary>What can still be sold.</summary>
    public int Left { get; private set; }

    public void List(string name, decimal price)
    {
        if (Version > 0) throw new InvalidOperationException($"Product {Id} is listed already.");
        Raise(new ProductListed(name, price));
    }

    public void Receive(int quantity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(quantity);
        Raise(new StockReceived(quantity));
    }

    /// <exception cref="OutOfStockException">There are not that many left.</exception>
    public void Reserve(string orderId, int quantity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(quantity);
        if (_reservations.ContainsKey(orderId)) return;
        if (quantity > Left) throw new OutOfStockException(Id, quantity, Left);
        Raise(new StockReserved(orderId, quantity));
    }

    /// <summary>Gives back what was kept for an order, if it still is.</summary>
    public void Release(string orderId)
    {
        if (_reservations.TryGetValue(orderId, out var quantity)) Raise(new StockReleased(orderId, quantity));
    }

    private void Apply(ProductListed e) => Price = e.Price;

    private void Apply(StockReceived e) => Left += e.Quantity;

    private void Apply(StockReserved e)
    {
        Left -= e.Quantity;
        _reservations[e.OrderId] = e.Quantity;
    }

    private void Apply(StockReleased e)
    {
        Left += e.Quantity;
        _reservations.Remove(e.OrderId);
    }
}
