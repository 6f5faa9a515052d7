namespace EventSourcing.Explorer.Tests.Bank;

[EventType("account-opened")]
public sealed record AccountOpened(string Owner, string Currency);

[EventType("money-deposited")]
public sealed record MoneyDeposited(decimal Amount, string Reference);

[EventType("money-withdrawn")]
public sealed record MoneyWithdrawn(decimal Amount, string Reference);

[EventType("limit-set")]
public sealed record LimitSet(decimal Limit);

[EventType("address-changed", Version = 2, Aliases = ["moved"])]
public sealed record AddressChanged(string Street, string City);

[EventType("transfer-requested")]
public sealed record TransferRequested(string From, string To, decimal Amount);

[EventType("transfer-completed")]
public sealed record TransferCompleted(string Transfer);

[EventType("day-opened")]
public sealed record DayOpened(string Day);

[EventType("anything")]
public sealed record Anything(string Text, IReadOnlyDictionary<string, string> More);

internal static class OldEvents
{
    [Upcaster("address-changed", 1)]
    internal static System.Text.Json.Nodes.JsonObject WithCity(System.Text.Json.Nodes.JsonObject e)
    {
        e["city"] = "Lisbon";
        return e;
    }
}
