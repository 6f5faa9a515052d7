using System.Globalization;
using EventSourcing;

namespace Shop;

/// <summary>The sums from the log alone: every event from the first to the last, no projection and no aggregate.</summary>
internal static class LogSums
{
    public static async Task<Sums> FoldAsync(EventStore store, CancellationToken cancellationToken)
    {
        var sums = new Sums();
        var emails = new HashSet<string>(StringComparer.OrdinalIgnoreCase);

        // An order that the customer takes back at once may never have been confirmed: what counts is how it has ended.
        var confirmed = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var e in store.ReadLogAsync(cancellationToken: cancellationToken))
        {
            switch (e.Data)
            {
                case CustomerRegistered registered:
                    sums.Customers++;
                    emails.Add(registered.Email);
                    break;
                case ProductListed listed:
                    sums.Product(e.StreamId).Name = listed.Name;
                    break;
                case StockReceived received:
                    sums.Product(e.StreamId).Received += received.Quantity;
                    sums.Product(e.StreamId).Left += received.Quantity;
                    break;
                case StockReserved reserved:
                    sums.Product(e.StreamId).Left -= reserved.Quantity;
                    break;
                case StockReleased released:
                    sums.Product(e.StreamId).Left += released.Quantity;
                    break;
                case OrderPlaced placed:
                    sums.OrdersPlaced++;
                    sums.OrderValue += placed.Total;
                    Sell(placed.Lines, 1);
                    break;
                case OrderConfirmed:
                    confirmed.Add(e.Stream);
                    break;
                case OrderCancelled cancelled:
                    confirmed.Remove(e.Stream);
                    sums.OrdersCancelled++;
                    sums.OrderValue -= cancelled.Total;
                    Sell(cancelled.Lines, -1);
                    break;
                case PaymentCaptured captured:
                    sums.Payments++;
                    sums.Captured += captured.Amount;
                    Book(captured.At, captured.Amount);
                    break;
                case PaymentRefunded refunded:
                    sums.Refunded += refunded.Amount;
                    Book(refunded.At, -refunded.Amount);
                    break;
            }
        }

        sums.Emails = emails.Count;

        sums.OrdersConfirmed = confirmed.Count;
        return sums;

        void Sell(IReadOnlyList<OrderLine> lines, int sign)
        {
            foreach (var line in lines)
            {
                sums.Product(line.Sku).Sold += sign * line.Quantity;
                sums.Product(line.Sku).Value += sign * line.Quantity * line.Price;
            }
        }

        void Book(DateTimeOffset at, decimal amount)
        {
            var minute = at.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
            sums.RevenueByMinute[minute] = sums.RevenueByMinute.GetValueOrDefault(minute) + amount;
        }
    }
}
