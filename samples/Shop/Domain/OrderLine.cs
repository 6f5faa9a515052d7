namespace Shop;

/// <summary>Some of one product, at the price that was agreed on.</summary>
public sealed record OrderLine(string Sku, int Quantity, decimal Price)
{
    public decimal Amount() => Quantity * Price;
}

public enum OrderStatus
{
    Placed,
    Confirmed,
    Cancelled,
}

public enum CancelReason
{
    PaymentDeclined,
    CustomerRequest,
}
