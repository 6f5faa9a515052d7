namespace EventSourcing.Explorer.Tests.Bank;

public sealed record Booked(decimal Amount, int Bookings);
