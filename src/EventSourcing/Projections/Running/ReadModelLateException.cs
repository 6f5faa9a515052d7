using System.Globalization;

namespace EventSourcing;

/// <summary>
/// The read model has not reached an event in time, or the storage failed meanwhile (then that is the inner exception). What was appended
/// is stored, and nothing is lost: read later, or wait longer. If the log does not reach to the position, the message says so.
/// </summary>
public sealed class ReadModelLateException : EventSourcingException
{
    internal ReadModelLateException(string projection, long position, long reached, TimeSpan waited, string? state = null)
        : base(
            $"The read model of '{projection}' "
            + (state ?? string.Create(CultureInfo.InvariantCulture, $"is at position {reached} and not at {position}"))
            + string.Create(CultureInfo.InvariantCulture, $" after {waited.TotalSeconds:0.###} s. ")
            + "What was appended is stored and will be in it. "
            + "Wait longer, or see in the projection's status what holds it up: the last error, or a rebuild with parked events.")
    {
        Projection = projection;
        Position = position;
        Reached = reached;
    }

    /// <summary>The wait was for a position that the log does not reach to.</summary>
    internal ReadModelLateException(string projection, long position, long reached, TimeSpan waited, long head)
        : base(string.Create(
            CultureInfo.InvariantCulture,
            $"The read model of '{projection}' is at position {reached} and not at {position} after {waited.TotalSeconds:0.###} s. The log "
            + $"ends at position {head}, so there is no event at {position} yet. Wait for a position that an append to this store has "
            + $"returned."))
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
            + Names.MessageOf(failure.InnerException ?? failure),
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
