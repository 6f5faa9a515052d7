namespace EventSourcing.Explorer.Tests.Bank;

/// <summary>What was booked under each reference: its documents are about events of any stream.</summary>
public sealed class ByReference : Projection<Booked>
{
    public ByReference() => On<MoneyDeposited>(
        (e, _) => e.Reference, (booked, e, _) => new Booked((booked?.Amount ?? 0) + e.Amount, (booked?.Bookings ?? 0) + 1));
}
