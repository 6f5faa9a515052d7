using EventSourcing;

namespace Shop;

/// <summary>What was sold of each product, under its number. One order changes the documents of all its products.</summary>
public sealed class BestSellers : Projection<ProductSales>
{
    public static readonly DocumentField<ProductSales, int> Units = new("units", sales => sales.Units);

    public BestSellers()
    {
        On<OrderPlaced>(
            e => e.Lines.Select(line => line.Sku),
            (sales, sku, e) => (sales ?? new ProductSales(0, 0)).With(sku, e.Lines, 1));
        On<OrderCancelled>(
            e => e.Lines.Select(line => line.Sku),
            (sales, sku, e) => sales!.With(sku, e.Lines, -1));
    }

    public override IReadOnlyList<DocumentField<ProductSales>> Fields => [Units];
}

public sealed record ProductSales(int Units, decimal Revenue)
{
    /// <summary>The sales after an order, or after it was taken back.</summary>
    public ProductSales With(string sku, IReadOnlyList<OrderLine> lines, int sign)
    {
        var mine = lines.Where(line => line.Sku == sku).ToList();
        return new ProductSales(Units + (sign * mine.Sum(line => line.Quantity)), Revenue + (sign * mine.Sum(line => line.Amount())));
    }
}
