using System.Globalization;
using System.Text.Json;
using EventSourcing;

namespace Shop;

/// <summary>What the read models would be if they were folded now, from the first event: nothing of it is stored.</summary>
internal static class FoldedReadModel
{
    /// <summary>For every read model, by name, the content of each row by key.</summary>
    public static async Task<IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>>> FoldAllAsync(ShopStore shop, CancellationToken cancellationToken) =>
        new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal)
        {
            [shop.OrderHistory.Name] = await FoldAsync(shop.Events, shop.OrderHistory, cancellationToken),
            [shop.Customers.Name] = await FoldAsync(shop.Events, shop.Customers, cancellationToken),
            [shop.Stock.Name] = await FoldAsync(shop.Events, shop.Stock, cancellationToken),
            [shop.BestSellers.Name] = await FoldAsync(shop.Events, shop.BestSellers, cancellationToken),
            [shop.RevenuePerMinute.Name] = await FoldRevenueAsync(shop.Events, cancellationToken),
        };

    private static async Task<IReadOnlyDictionary<string, string>> FoldAsync<TDocument>(EventStore store, Projection<TDocument> projection, CancellationToken cancellationToken)
        where TDocument : class
    {
        var live = await store.ProjectAsync(projection, cancellationToken: cancellationToken);
        return live.Documents.ToDictionary(document => document.Key, document => JsonSerializer.Serialize(document.Value, store.Json), StringComparer.Ordinal);
    }

    /// <summary>SQL has no fold but its own, so here is the same in C#.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> FoldRevenueAsync(EventStore store, CancellationToken cancellationToken)
    {
        var minutes = new Dictionary<string, (int Payments, long Captured, long Refunded)>(StringComparer.Ordinal);
        await foreach (var e in store.ReadLogAsync(cancellationToken: cancellationToken))
        {
            if (e.Data is PaymentCaptured captured) Add(captured.At, 1, Money.Cents(captured.Amount), 0);
            if (e.Data is PaymentRefunded refunded) Add(refunded.At, 0, 0, Money.Cents(refunded.Amount));
        }

        return minutes.ToDictionary(
            minute => minute.Key, minute => string.Create(CultureInfo.InvariantCulture, $"{minute.Value.Payments} {minute.Value.Captured} {minute.Value.Refunded}"), StringComparer.Ordinal);

        void Add(DateTimeOffset at, int payments, long captured, long refunded)
        {
            var minute = RevenuePerMinute.MinuteOf(at);
            var sum = minutes.GetValueOrDefault(minute);
            minutes[minute] = (sum.Payments + payments, sum.Captured + captured, sum.Refunded + refunded);
        }
    }
}
