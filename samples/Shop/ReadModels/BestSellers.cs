using EventSourcing;

namespace Shop;

/// <summary>What was sold of each product, under its number. One order changes the documents of all its products.</summary>
public sealed partial class BestSellers : Projection<ProductSales>
{
    public static readonly DocumentField<ProductSales, int> Units = new("units", sales => sales.Units);

    public override IReadOnlyList<DocumentField<ProductSales>> Fields => [Units];

    private static IEnumerable<string> Keys(OrderPlaced e) => e.Lines.Select(line => line.Sku);

    private static IEnumerable<string> Keys(OrderCancelled e) => e.Lines.Select(line => line.Sku);

    private static ProductSales Apply(ProductSales? sales, string sku, OrderPlaced e) => (sales ?? new ProductSales(0, 0)).With(sku, e.Lines, 1);

    private static ProductSales Apply(ProductSales sales, string sku, OrderCancelled e) => sales.With(sku, e.Lines, -1);
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
