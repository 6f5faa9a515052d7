namespace EventSourcing.Operations;

/// <summary>What a projection or reactor is doing in this process.</summary>
public enum ProjectionState
{
    /// <summary>It is not started in this process. So is one that runs inline, as a part of the appends.</summary>
    NotStarted = 0,

    /// <summary>It is about to start.</summary>
    Starting = 1,

    /// <summary>Another process, or another start in this one, runs it. This one takes over when that one is gone.</summary>
    Standby = 2,

    /// <summary>It is behind the log and catching up.</summary>
    CatchingUp = 3,

    /// <summary>It is level with the log.</summary>
    Live = 4,

    /// <summary>The storage fails; it is tried again.</summary>
    Retrying = 5,

    /// <summary>Another version of it has taken its place, and is alive or was alive less than a lease ago.</summary>
    Replaced = 6,

    /// <summary>It has failed and does nothing until it is started again.</summary>
    Failed = 7,

    /// <summary>It was stopped, by disposal or by an order.</summary>
    Stopped = 8,

    /// <summary>
    /// A process holds it, perhaps this one: more cannot be told from outside. Whether that process is alive shows in the position.
    /// </summary>
    Held = 9,
}
