using EventSourcing;

namespace Shop;

/// <summary>What customers can do. Each method is one command, which is atomic, and safe against others at the same time.</summary>
internal sealed class Storefront(EventStore store)
{
    private long _conflicts;

    /// <summary>How often a command was decided again because somebody else was faster.</summary>
    public long Conflicts => Interlocked.Read(ref _conflicts);

    public async Task ListProductAsync(string sku, string name, decimal price, int stock, CancellationToken cancellationToken) =>
        await store.Aggregate<Product>(sku).CreateAsync(
            product =>
            {
                product.List(name, price);
                product.Receive(stock);
            },
            cancellationToken: cancellationToken);

    /// <summary>
    /// Registers a customer. Nobody else may have the address, which is a rule over all streams. So the decision reads the
    /// events with the address's tag, and the append succeeds only if there is still no other such event.
    /// </summary>
    /// <exception cref="EmailTakenException">Another customer has the address.</exception>
    public async Task RegisterAsync(string customerId, string name, string email, CancellationToken cancellationToken)
    {
        var tries = 0;
        var handle = store.Aggregate<Customer>(customerId);
        try
        {
            await store.DecideAsync(
                EventQuery.WithTags(Customer.EmailTag(email)),
                owners =>
                {
                    tries++;
                    if (owners.Count > 0) throw new EmailTakenException(email, owners[0].StreamId);
                    var customer = handle.New();
                    customer.Register(name, email);
                    return [new StreamAppend(handle.Stream, ExpectedVersion.NoStream, customer.UncommittedEvents)];
                },
                cancellationToken: cancellationToken);
        }
        finally
        {
            Count(tries);
        }
    }

    public async Task AddToCartAsync(string cartId, string sku, int quantity, CancellationToken cancellationToken)
    {
        var tries = 0;
        await store.Aggregate<Cart>(cartId).CreateOrUpdateAsync(
            cart =>
            {
                tries++;
                cart.Add(sku, quantity);
            },
            cancellationToken: cancellationToken);
        Count(tries);
    }

    /// <summary>
    /// Turns a cart into an order and reserves its stock, in one atomic append to all their streams. So there is no order without
    /// stock, and no reserved stock without an order. A second click on the button does nothing.
    /// </summary>
    /// <returns>Whether this call placed the order.</returns>
    /// <exception cref="OutOfStockException">An item in the cart is sold out.</exception>
    public async Task<bool> CheckOutAsync(string cartId, string orderId, string customerId, string card, CancellationToken cancellationToken)
    {
        var isPlaced = false;
        var tries = 0;
        await store.UpdateTogetherAsync(
            async cancellationToken =>
            {
                tries++;
                var cart = await store.Aggregate<Cart>(cartId).LoadAsync(cancellationToken: cancellationToken);
                isPlaced = cart.OrderId is null;
                if (!isPlaced) return [];

                var order = store.Aggregate<Order>(orderId).New();
                var changed = new List<Aggregate> { cart, order };
                var lines = new List<OrderLine>();
                foreach (var (sku, quantity) in cart.Items)
                {
                    var product = await store.Aggregate<Product>(sku).LoadAsync(cancellationToken: cancellationToken);
                    product.Reserve(orderId, quantity);
                    changed.Add(product);
                    lines.Add(new OrderLine(sku, quantity, product.Price));
                }

                order.Place(customerId, lines, card);
                cart.CheckOut(orderId);
                return changed;
            },
            cancellationToken: cancellationToken);
        Count(tries);
        return isPlaced;
    }

    public async Task RequestCancellationAsync(string orderId, CancellationToken cancellationToken) =>
        await store.Aggregate<Order>(orderId).UpdateAsync(order => order.RequestCancellation(), cancellationToken: cancellationToken);

    private void Count(int tries) => Interlocked.Add(ref _conflicts, Math.Max(0, tries - 1));
}
