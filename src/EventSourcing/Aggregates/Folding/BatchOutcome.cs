namespace EventSourcing;

/// <summary>What has become of the commands of a batch.</summary>
internal enum BatchOutcome
{
    /// <summary>All events are stored as they were decided.</summary>
    Stored,

    /// <summary>Another writer was first. What its events allow is stored, and the other commands are put back.</summary>
    ConflictsPutBack,

    /// <summary>The append has failed: nothing is stored, and each command is failed or put back.</summary>
    GivenUp,
}
