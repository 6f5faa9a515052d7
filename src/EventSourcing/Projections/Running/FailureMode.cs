namespace EventSourcing;

/// <summary>What happens to an event that keeps failing. It is never skipped without an order.</summary>
public enum FailureMode
{
    /// <summary>
    /// Its stream, or the one document that it failed on, is parked: later events of that wait in order, all others go on.
    /// </summary>
    Park = 0,

    /// <summary>The projection stops before the event, and all later events wait.</summary>
    Stop = 1,
}
