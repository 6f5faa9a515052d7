using System.Globalization;

namespace EventSourcing;

/// <summary>
/// The event is stored, but the read model has not reached it in time, or the storage failed meanwhile (then that is the inner exception).
/// Nothing is lost: read later, or wait longer.
/// </summary>
public sealed class ReadModelLateException : EventSourcingException
{
    internal ReadModelLateException(string projection, long position, long reached, TimeSpan waited, string? state = null)
        : base(
            $"The read model of '{projection}' "
            + (state ?? string.Create(CultureInfo.InvariantCulture, $"is at position {reached} and not at {position}"))
            + string.Create(CultureInfo.InvariantCulture, $" after {waited.TotalSeconds:0.###} s. The event is stored and will be in it. ")
            + "Wait longer, or see in the projection's status what holds it up: the last error, or a rebuild with parked events.")
    {
        Projection = projection;
        Position = position;
        Reached = reached;
    }

    /// <summary>The wait ended early, as the storage failed: that says nothing of the events, which are stored.</summary>
    internal ReadModelLateException(string projection, long position, long reached, Exception failure)
        : base(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Whether the read model of '{projection}' is at position {position} could not be found out, as the storage failed. ")
            + "The event is stored and will be in it: projections try again by themselves. Wait again once the cause is gone. "
            + (failure.InnerException ?? failure).Message,
            failure)
    {
        Projection = projection;
        Position = position;
        Reached = reached;
    }

    /// <summary>The projection.</summary>
    public string Projection { get; }

    /// <summary>The position waited for.</summary>
    public long Position { get; }

    /// <summary>The position that the read model has reached.</summary>
    public long Reached { get; }
}
