using System.Data.Common;
using EventSourcing;

namespace Shop;

/// <summary>Computes the sums from the read models alone. Documents are read by queries, the table by SQL.</summary>
internal static class ReadModelSums
{
    public static async Task<Sums> ReadAsync(ShopStore shop, CancellationToken cancellationToken)
    {
        var sums = new Sums();
        var emails = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        await foreach (var (_, customer) in shop.Events.ReadModel(shop.Customers).Query().ToAsyncEnumerable(cancellationToken))
        {
            sums.Customers++;
            emails.Add(customer.Email);
        }

        sums.Emails = emails.Count;

        var orders = shop.Events.ReadModel(shop.OrderHistory);
        sums.OrdersConfirmed = await orders.Query().Where(OrderHistory.Status.Is(OrderStatus.Confirmed)).CountAsync(cancellationToken);
        sums.OrdersCancelled = await orders.Query().Where(OrderHistory.Status.Is(OrderStatus.Cancelled)).CountAsync(cancellationToken);
        await foreach (var (_, order) in orders.Query().ToAsyncEnumerable(cancellationToken))
        {
            sums.OrdersPlaced++;
            if (order.Status != OrderStatus.Cancelled) sums.OrderValue += order.Total;
        }

        await foreach (var (sku, stock) in shop.Events.ReadModel(shop.Stock).Query().ToAsyncEnumerable(cancellationToken))
        {
            var product = sums.Product(sku);
            (product.Name, product.Received, product.Left) = (stock.Name, stock.Received, stock.Left);
        }

        await foreach (var (sku, sales) in shop.Events.ReadModel(shop.BestSellers).Query().ToAsyncEnumerable(cancellationToken))
        {
            var product = sums.Product(sku);
            (product.Sold, product.Value) = (sales.Units, sales.Revenue);
        }

        foreach (var minute in await MinutesAsync(shop, cancellationToken))
        {
            sums.Payments += minute.Payments;
            sums.Captured += minute.Captured;
            sums.Refunded += minute.Refunded;
            sums.RevenueByMinute[minute.Minute] = minute.Captured - minute.Refunded;
        }

        return sums;
    }

    /// <summary>The rows in the table of <see cref="RevenuePerMinute"/>; none if the table does not exist yet.</summary>
    public static ValueTask<IReadOnlyList<MinuteRow>> MinutesAsync(ShopStore shop, CancellationToken cancellationToken) => shop.QueryAsync(
        async (connection, token) =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = shop.CountOfTables(RevenuePerMinute.Table);
            if (await command.ExecuteScalarAsync(token) is 0L) return [];
            command.CommandText = $"SELECT minute, payments, captured_cents, refunded_cents FROM {RevenuePerMinute.Table} ORDER BY minute";
            using var reader = await command.ExecuteReaderAsync(token);
            var rows = new List<MinuteRow>();
            while (await reader.ReadAsync(token)) rows.Add(Row(reader));
            return (IReadOnlyList<MinuteRow>)rows;
        },
        cancellationToken);

    private static MinuteRow Row(DbDataReader reader) =>
        new(reader.GetString(0), reader.GetInt64(1), Money.FromCents(reader.GetInt64(2)), Money.FromCents(reader.GetInt64(3)));
}

internal sealed record MinuteRow(string Minute, long Payments, decimal Captured, decimal Refunded);
