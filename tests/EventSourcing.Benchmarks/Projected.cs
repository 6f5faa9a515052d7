using System.Text.Json.Serialization;

namespace EventSourcing.Benchmarks;

/// <summary>What the projections that are measured keep for each customer.</summary>
public sealed record CustomerTotal(string CustomerId, int Items, decimal Total);

/// <summary>A count per customer, as documents.</summary>
public sealed partial class CustomerTotals(string name = "totals") : Projection<CustomerTotal>
{
    public override string Name { get; } = name;

    private static string Key(OrderItemAdded e) => e.CustomerId;

    public static CustomerTotal Apply(CustomerTotal? document, OrderItemAdded e) => document is null
        ? new CustomerTotal(e.CustomerId, 1, e.Price * e.Quantity)
        : document with { Items = document.Items + 1, Total = document.Total + (e.Price * e.Quantity) };
}

/// <summary>The same, as a table of one's own.</summary>
public sealed partial class CustomerTable() : TableProjection("customers")
{
    protected override ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken) => tables.ExecuteAsync(
        $"CREATE TABLE {tables["customers"]} (customer TEXT PRIMARY KEY, items INTEGER NOT NULL, total REAL NOT NULL) WITHOUT ROWID", [], cancellationToken);

    private static ValueTask Apply(ProjectionTables tables, OrderItemAdded e, RecordedEvent recorded, CancellationToken cancellationToken) => tables.ExecuteAsync(
        $"INSERT INTO {tables["customers"]} (customer, items, total) VALUES ($1, 1, $2) ON CONFLICT (customer) DO UPDATE SET items = items + 1, total = total + excluded.total",
        [e.CustomerId, (double)(e.Price * e.Quantity)],
        cancellationToken);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderItemAdded))]
[JsonSerializable(typeof(CustomerTotal))]
public sealed partial class ProjectedJson : JsonSerializerContext;
