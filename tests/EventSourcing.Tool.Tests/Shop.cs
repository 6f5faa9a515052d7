namespace EventSourcing.Tool.Tests;

[EventType("order-placed")] public sealed record OrderPlaced(string Customer, decimal Total);
[EventType("payment-taken")] public sealed record PaymentTaken(decimal Amount, string Card);
[EventType("order-shipped")] public sealed record OrderShipped(string Parcel);
[EventType("order-cancelled")] public sealed record OrderCancelled(string Reason);

public sealed record OrderSummary(string Customer, decimal Total, string State);

public sealed partial class OrderSummaries : Projection<OrderSummary>
{
    OrderSummary Apply(OrderSummary? _, OrderPlaced e) => new(e.Customer, e.Total, "placed");
    OrderSummary Apply(OrderSummary order, OrderShipped _) => order with { State = "shipped" };

    OrderSummary Apply(OrderSummary order, OrderCancelled e) =>
        e.Reason.Length > 0 ? order with { State = "cancelled" } : throw new InvalidOperationException("The reason of a cancelled order is empty.");
}

/// <summary>A shop of three orders, the same each time but for what is random in a store: its salts, and so its root.</summary>
internal static class Shop
{
    private static readonly DateTimeOffset Opening = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    public static EventTypes Types { get; } = EventTypes.FromAssemblyOf<OrderPlaced>();

    /// <summary>The id of the event at a position.</summary>
    public static Guid IdAt(int position) => new($"0197a3c2-5f60-7000-8000-{position:D12}");

    /// <summary>Makes the store in the current folder, closed again.</summary>
    public static Task MakeAsync(string path = "shop.db") =>
        MakeAsync(new SqliteEventStorage(path, new SqliteEventStorageOptions { TimeProvider = new Clock() }));

    /// <summary>Makes the store in a storage, which is closed then. Its stamps are those of the storage's clock.</summary>
    public static async Task MakeAsync(IEventStorage storage)
    {
        await using var store = new EventStore(storage, Types);
        await AppendAsync(store, "order-17", new OrderPlaced("Ann", 31.50m), 1, cause: null, "vip");
        await AppendAsync(store, "payment-17", new PaymentTaken(31.50m, "visa"), 2, cause: 1);
        await AppendAsync(store, "order-18", new OrderPlaced("Björn", 8.00m), 3, cause: null);
        await AppendAsync(store, "order-17", new OrderShipped("RX-4471"), 4, cause: 2);
        await AppendAsync(store, "order-19", new OrderPlaced("Cleo", 120.00m), 5, cause: null, "vip");
        await AppendAsync(store, "order-19", new OrderCancelled(""), 6, cause: null);
    }

    /// <summary>Opens the store as its app does, with its projection running and what fails parked.</summary>
    public static Task<EventStore> RunAsync(string path = "shop.db") => RunAsync(new SqliteEventStorage(path));

    /// <summary>The same on any storage.</summary>
    public static async Task<EventStore> RunAsync(IEventStorage storage)
    {
        var store = new EventStore(storage, Types);
        var running = store.StartProjections(new ProjectionOptions { RetryDelays = [] }, new OrderSummaries());
        var admin = store.ProjectionAdmin();
        while ((await admin.GetStatusAsync()) is not [{ Parked: 1, Lag: 0 }]) await Task.Delay(10);
        _ = running;
        return store;
    }

    private static Task<AppendResult> AppendAsync(EventStore store, string stream, object payload, int position, int? cause, params string[] tags)
    {
        var metadata = cause is { } by
            ? new EventMetadata { CorrelationId = IdAt(1).ToString(), CausationId = IdAt(by).ToString() }
            : new EventMetadata { Values = new Dictionary<string, string> { ["user"] = "web" } };
        return store.AppendAsync(stream, ExpectedVersion.Any, [new EventData(payload) { Id = IdAt(position), Tags = tags, Metadata = metadata }]);
    }

    /// <summary>Says a minute later each time it is asked.</summary>
    public sealed class Clock : TimeProvider
    {
        private int _minutes;

        public override DateTimeOffset GetUtcNow() => Opening.AddMinutes(_minutes++);
    }
}
