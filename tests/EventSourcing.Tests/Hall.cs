namespace EventSourcing.Tests;

public interface ISeatEvent
{
    string Seat { get; }
}

[EventType("seat-reserved")]
public sealed record SeatReserved(string Seat, string Guest) : ISeatEvent;

[EventType("seat-released")]
public readonly record struct SeatReleased(string Seat) : ISeatEvent;

[EventType("hall-closed")]
public sealed record HallClosed;

/// <summary>An aggregate with all that is generated for one.</summary>
[Snapshots(100)]
public sealed partial class Hall : Aggregate
{
    private readonly Dictionary<string, string> _guests = new(StringComparer.OrdinalIgnoreCase);

    public bool IsClosed { get; private set; }

    public int Changes { get; private set; }

    public string? GuestOn(string seat) => _guests.GetValueOrDefault(seat);

    public void Reserve(string seat, string guest) => Raise(new SeatReserved(seat, guest));

    public void Release(string seat) => Raise(new SeatReleased(seat));

    public void Close() => Raise(new HallClosed());

    private void Apply(SeatReserved e)
    {
        _guests[e.Seat] = e.Guest;
        Changes++;
    }

    private void Apply(ISeatEvent e)
    {
        _guests.Remove(e.Seat);
        Changes++;
    }

    private void Apply(HallClosed e) => IsClosed = e is not null;
}

public readonly partial record struct Occupancy(int Seats) : IState<Occupancy>
{
    private Occupancy Apply(SeatReserved e) => new(e is null ? 0 : Seats + 1);

    private Occupancy Apply(SeatReleased e) => new(e.Seat is null ? 0 : Seats - 1);
}

public sealed record Seat(string? Guest, int Reservations);

public sealed partial class Seats : Projection<Seat>
{
    private static string Key(ISeatEvent e) => e.Seat;

    private static Seat? Apply(Seat? seat, SeatReserved e) => new(e.Guest, (seat?.Reservations ?? 0) + 1);

    private static Seat Apply(Seat seat, SeatReleased e) => seat with { Guest = e.Seat.Length > 0 ? null : seat.Guest };
}

public sealed partial class Doorman : Reactor
{
    public TaskCompletionSource<string> Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override StartFrom Start => StartFrom.Beginning;

    private Task React(HallClosed e, Delivery delivery)
    {
        Told.TrySetResult($"{e.GetType().Name} of {delivery.Event.Stream}");
        return Task.CompletedTask;
    }
}
