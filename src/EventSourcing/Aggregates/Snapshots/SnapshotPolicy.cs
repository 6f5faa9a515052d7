namespace EventSourcing;

/// <summary>
/// When snapshots of a decider's state are taken. A snapshot is only a cache: if it is missing, damaged or from another fold, it is ignored
/// and replaced. Immutable.
/// </summary>
public sealed record SnapshotPolicy
{
    /// <summary>Creates the policy.</summary>
    /// <param name="every">A new snapshot is taken once a load has read this many events beyond the last one; 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is less than 1.</exception>
    public SnapshotPolicy(int every)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        Every = every;
    }

    /// <summary>A new snapshot is taken once a load has read this many events beyond the last one.</summary>
    public int Every { get; }

    /// <summary>A new snapshot is also taken once a load took longer than this many milliseconds; 0, the default, for never.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int SlowLoadMilliseconds
    {
        get;
        init => field = CountLimit.NotNegative(value);
    }

    /// <summary>
    /// A text of the app's own, e.g. a number to count up, that changes whenever the fold does: snapshots with another one are not used.
    /// Changes in the shapes of the state and of the events are noticed without it.
    /// </summary>
    public string? Fingerprint { get; init; }
}
