namespace Shop;

/// <summary>A rule of the shop forbids it. Nothing was stored.</summary>
public abstract class RuleException(string message) : Exception(message);

/// <summary>The e-mail address belongs to a customer already.</summary>
public sealed class EmailTakenException(string email, string customerId)
    : RuleException($"'{email}' is the address of customer {customerId}. Log in, or register with another one.")
{
    public string Email { get; } = email;

    public string CustomerId { get; } = customerId;
}

/// <summary>There is less of a product than was asked for.</summary>
public sealed class OutOfStockException(string sku, int wanted, int left)
    : RuleException($"{wanted} of {sku} are wanted and {left} are left.")
{
    public string Sku { get; } = sku;

    public int Left { get; } = left;
}
