using EventSourcing;

namespace Shop;

/// <summary>What there is of each product, under its number; found by what is left.</summary>
public sealed class Stock : Projection<StockLevel>
{
    public static readonly DocumentField<StockLevel, int> Left = new("left", stock => stock.Left);

    public Stock()
    {
        On<ProductListed>((_, e) => new StockLevel(e.Name, Received: 0, Left: 0));
        On<StockReceived>((stock, e) => stock! with { Received = stock.Received + e.Quantity, Left = stock.Left + e.Quantity });
        On<StockReserved>((stock, e) => stock! with { Left = stock.Left - e.Quantity });
        On<StockReleased>((stock, e) => stock! with { Left = stock.Left + e.Quantity });
    }

    public override IReadOnlyList<DocumentField<StockLevel>> Fields => [Left];
}

public sealed record StockLevel(string Name, int Received, int Left);
