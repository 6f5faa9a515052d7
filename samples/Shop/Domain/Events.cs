using EventSourcing;

namespace Shop;

// What can happen in the shop. The names in the attributes are stored with every event and stay for ever; the types may
// be renamed. When it happened is recorded by the store, except where somebody else's clock counts: a payment's.

/// <param name="Email">Nobody else has it: see <see cref="Storefront.RegisterAsync"/>.</param>
[EventType("customer-registered")]
public sealed record CustomerRegistered(string Name, string Email);

[EventType("product-listed")]
public sealed record ProductListed(string Name, decimal Price);

[EventType("stock-received")]
public sealed record StockReceived(int Quantity);

/// <param name="OrderId">Who it is kept for: an order reserves a product once.</param>
[EventType("stock-reserved")]
public sealed record StockReserved(string OrderId, int Quantity);

[EventType("stock-released")]
public sealed record StockReleased(string OrderId, int Quantity);

[EventType("item-added-to-cart")]
public sealed record ItemAddedToCart(string Sku, int Quantity);

[EventType("cart-checked-out")]
public sealed record CartCheckedOut(string OrderId);

/// <param name="Lines">What was ordered, at the prices of that moment.</param>
/// <param name="Card">The token by which the payment provider knows the card.</param>
[EventType("order-placed")]
public sealed record OrderPlaced(string CustomerId, IReadOnlyList<OrderLine> Lines, decimal Total, string Card);

[EventType("order-confirmed")]
public sealed record OrderConfirmed;

/// <summary>The customer has changed their mind. Whether money has to go back is for the order process to find out.</summary>
[EventType("cancellation-requested")]
public sealed record CancellationRequested;

/// <param name="Lines">What is not sold after all.</param>
[EventType("order-cancelled")]
public sealed record OrderCancelled(IReadOnlyList<OrderLine> Lines, decimal Total, CancelReason Reason);

/// <param name="Receipt">The provider's number for it.</param>
/// <param name="At">When the provider took the money, by its clock: days are closed by this one.</param>
[EventType("payment-captured")]
public sealed record PaymentCaptured(decimal Amount, string Receipt, DateTimeOffset At);

[EventType("payment-declined")]
public sealed record PaymentDeclined(decimal Amount, string Reason);

/// <param name="At">When the provider gave the money back, by its clock.</param>
[EventType("payment-refunded")]
public sealed record PaymentRefunded(decimal Amount, string Receipt, DateTimeOffset At);
