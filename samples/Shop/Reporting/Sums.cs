namespace Shop;

/// <summary>What a day comes to. Computed twice, in ways that share no code: see <see cref="LogSums"/> and <see cref="ReadModelSums"/>.</summary>
internal sealed record Sums
{
    public long Customers { get; set; }

    /// <summary>How many different e-mail addresses the customers have.</summary>
    public long Emails { get; set; }

    public long OrdersPlaced { get; set; }

    public long OrdersConfirmed { get; set; }

    public long OrdersCancelled { get; set; }

    /// <summary>The value of the orders that stand.</summary>
    public decimal OrderValue { get; set; }

    public long Payments { get; set; }

    public decimal Captured { get; set; }

    public decimal Refunded { get; set; }

    /// <summary>By product number.</summary>
    public SortedDictionary<string, ProductSums> Products { get; } = new(StringComparer.Ordinal);

    /// <summary>What came in less what went back, by minute.</summary>
    public SortedDictionary<string, decimal> RevenueByMinute { get; } = new(StringComparer.Ordinal);

    public decimal Revenue => Captured - Refunded;

    public long UnitsSold => Products.Values.Sum(product => product.Sold);

    public decimal SalesValue => Products.Values.Sum(product => product.Value);

    public long StockLeft => Products.Values.Sum(product => product.Left);

    public ProductSums Product(string sku) => Products.TryGetValue(sku, out var product) ? product : Products[sku] = new ProductSums();
}

internal sealed class ProductSums
{
    public string Name { get; set; } = "";

    public long Received { get; set; }

    /// <summary>Of orders that stand.</summary>
    public long Sold { get; set; }

    /// <summary>What the units sold were sold for.</summary>
    public decimal Value { get; set; }

    public long Left { get; set; }
}
