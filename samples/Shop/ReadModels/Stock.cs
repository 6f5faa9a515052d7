using EventSourcing;

namespace Shop;

/// <summary>What there is of each product, under its number; found by what is left.</summary>
public sealed partial class Stock : Projection<StockLevel>
{
    public static readonly DocumentField<StockLevel, int> Left = new("left", stock => stock.Left);

    public override IReadOnlyList<DocumentField<StockLevel>> Fields => [Left];

    private static StockLevel Apply(StockLevel? _, ProductListed e) => new(e.Name, Received: 0, Left: 0);

    private static StockLevel Apply(StockLevel stock, StockReceived e) => stock with { Received = stock.Received + e.Quantity, Left = stock.Left + e.Quantity };

    private static StockLevel Apply(StockLevel stock, StockReserved e) => stock with { Left = stock.Left - e.Quantity };

    private static StockLevel Apply(StockLevel stock, StockReleased e) => stock with { Left = stock.Left + e.Quantity };
}

public sealed record StockLevel(string Name, int Received, int Left);
