using Banking;
using EventSourcing;

namespace BankingApi;

// What goes over the wire. Events and aggregates do not: they may change without the API's callers.
internal sealed record NewAccount(string? Owner);

/// <param name="Transaction">Which transaction this is; an account books each once.</param>
internal sealed record Booking(long Transaction, decimal Amount);

internal sealed record Transfer(string From, string To, long Transaction, decimal Amount);

internal sealed record AccountView(string Id, string? Owner, decimal Balance, long Version);

/// <param name="Version">The version of the account.</param>
/// <param name="Position">Where it is in the log, to wait for.</param>
internal sealed record Booked(long Version, long Position)
{
    public static Booked Of(AppendResult result) => new(result.Version, result.Position);
}

internal sealed record StatementLine(long Version, DateTimeOffset At, string What, decimal Amount)
{
    public static StatementLine Of(RecordedEvent e) => new(e.Version, e.RecordedAt, e.Type, e.Data switch
    {
        MoneyDeposited deposited => deposited.Amount,
        MoneyWithdrawn withdrawn => -withdrawn.Amount,
        RoundingAdjusted adjusted => adjusted.Amount,
        _ => 0,
    });
}
