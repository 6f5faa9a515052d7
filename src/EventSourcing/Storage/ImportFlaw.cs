namespace EventSourcing.Operations;

/// <summary>What is wrong with the place or the stamp of an event to import.</summary>
public enum ImportFlaw
{
    /// <summary>Its position is not the next one of the log: events are missing before it, or it is stored already.</summary>
    PositionGap = 1,

    /// <summary>Its version is not the next one of its stream.</summary>
    WrongVersion = 2,

    /// <summary>Its stamp is before that of the event before it.</summary>
    TimeBackwards = 3,

    /// <summary>Its stamp is later than now, and the event brings no place.</summary>
    TimeInFuture = 4,
}
