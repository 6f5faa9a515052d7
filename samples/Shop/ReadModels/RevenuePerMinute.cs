using System.Globalization;
using EventSourcing;

namespace Shop;

/// <summary>What came in and went back in each minute, in a table of its own: reports read it by SQL.</summary>
public sealed partial class RevenuePerMinute : TableProjection
{
    public const string Table = "revenue_per_minute";

    public RevenuePerMinute()
        : base(Table)
    {
    }

    /// <summary>The minute of an instant, as the table has it: <c>2026-11-27 10:15</c>.</summary>
    public static string MinuteOf(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    protected override ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken) => tables.ExecuteAsync(
        $"""
        CREATE TABLE {tables[Table]} (
            minute TEXT NOT NULL PRIMARY KEY,
            payments BIGINT NOT NULL,
            captured_cents BIGINT NOT NULL,
            refunded_cents BIGINT NOT NULL)
        """,
        [],
        cancellationToken);

    private static ValueTask Apply(ProjectionTables tables, PaymentCaptured e, CancellationToken cancellationToken) =>
        AddAsync(tables, e.At, payments: 1, captured: e.Amount, refunded: 0, cancellationToken);

    private static ValueTask Apply(ProjectionTables tables, PaymentRefunded e, CancellationToken cancellationToken) =>
        AddAsync(tables, e.At, payments: 0, captured: 0, refunded: e.Amount, cancellationToken);

    private static ValueTask AddAsync(ProjectionTables tables, DateTimeOffset at, int payments, decimal captured, decimal refunded, CancellationToken cancellationToken) => tables.ExecuteAsync(
        $"""
        INSERT INTO {tables[Table]} AS sums (minute, payments, captured_cents, refunded_cents) VALUES ($1, $2, $3, $4)
        ON CONFLICT (minute) DO UPDATE SET
            payments = sums.payments + excluded.payments,
            captured_cents = sums.captured_cents + excluded.captured_cents,
            refunded_cents = sums.refunded_cents + excluded.refunded_cents
        """,
        [MinuteOf(at), payments, Money.Cents(captured), Money.Cents(refunded)],
        cancellationToken);
}
