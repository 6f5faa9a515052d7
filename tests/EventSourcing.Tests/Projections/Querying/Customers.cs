using System.Text.Json;

namespace EventSourcing.Tests.Projections.Querying;

public enum Tier
{
    Gold,
    Bronze,
}

public sealed record Customer(string? City = null, decimal Spent = 0, Tier Tier = Tier.Bronze, DateTimeOffset? LastSeen = null);

public sealed class Customers : Projection<Customer>
{
    public static readonly DocumentField<Customer, string?> City = new("city", c => c.City);
    public static readonly DocumentField<Customer, decimal> Spent = new("spent", c => c.Spent);
    public static readonly DocumentField<Customer, Tier> Tier = new("tier", c => c.Tier);
    public static readonly DocumentField<Customer, DateTimeOffset?> LastSeen = new("last_seen", c => c.LastSeen);

    public Customers() => On<MoneyDeposited>((customer, e) => (customer ?? new Customer()) with { Spent = (customer?.Spent ?? 0) + e.Amount });

    public override IReadOnlyList<DocumentField<Customer>> Fields => [City, Spent, Tier, LastSeen];
}

internal static class StoredDocumentsExtensions
{
    /// <summary>A read model of customers as their projection would have left it.</summary>
    public static async Task<ReadModel<Customer>> CustomersAsync(this EventStore store, params (string Key, Customer Customer)[] customers)
    {
        var projection = new Customers();
        await store.StoreAsync(projection, customers);
        return store.ReadModel(projection);
    }

    public static async Task StoreAsync<TDocument>(
        this EventStore store, Projection<TDocument> projection, params IEnumerable<(string Key, TDocument Document)> documents)
        where TDocument : class =>
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit
        {
            Creates = [new ReadModelDefinition(projection.Name, [.. projection.Fields.Select(field => field.Definition)])],
            Changes =
            [
                .. documents.Select(d => new DocumentChange(projection.Name, d.Key, JsonSerializer.SerializeToUtf8Bytes(d.Document, store.Serializer.Options))
                {
                    Fields = [.. projection.Fields.Select(field => field.ValueOf(d.Document))],
                }),
            ],
        });

    public static IEnumerable<string> Keys<TDocument>(this IEnumerable<Document<TDocument>> documents)
        where TDocument : class => documents.Select(document => document.Key);
}
