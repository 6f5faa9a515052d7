using System.Globalization;

namespace EventSourcing;

/// <summary>One delivery of an event to a reactor.</summary>
public sealed class Delivery
{
    private readonly string _reactor;

    internal Delivery(string reactor, RecordedEvent recorded)
    {
        _reactor = reactor;
        Event = recorded;
        Id = IdFor("");
    }

    /// <summary>
    /// The id of the delivery: the same for every delivery of this event to this reactor, in any process and after any crash, and different
    /// from all others.
    /// </summary>
    public Guid Id { get; }

    /// <summary>The event, and its place in the log.</summary>
    public RecordedEvent Event { get; }

    /// <summary>
    /// An id for one of several things that this delivery leads to, the same each time. If it is the id of an event to append
    /// (<see cref="EventData.Id"/>), a repetition of that append returns the original result.
    /// </summary>
    /// <param name="purpose">Distinguishes the things from each other.</param>
    /// <returns>
    /// The id: the first 16 bytes of a SHA-256 over reactor, event id (with the sub-index, if that is not 0) and purpose, marked as a UUID
    /// of version 8 (RFC 9562).
    /// </returns>
    public Guid IdFor(string purpose)
    {
        ArgumentNullException.ThrowIfNull(purpose);
        var part = Event.SubIndex == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"+{Event.SubIndex}");
        return DerivedId.Of($"{_reactor}\0{Event.Id:N}{part}\0{purpose}");
    }
}
