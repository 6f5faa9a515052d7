namespace EventSourcing.Storage;

/// <summary>One page to read of the log: the range of positions, exclusive below and inclusive above, in either direction.</summary>
public sealed record LogRead
{
    /// <summary>Only events after this position; 0 for all.</summary>
    public long After { get; init; }

    /// <summary>Only events up to this position.</summary>
    public long UpTo { get; init; } = long.MaxValue;

    /// <summary>Oldest or newest first.</summary>
    public ReadDirection Direction { get; init; }

    /// <summary>Only events that match; all by default.</summary>
    public EventQuery Filter { get; init; } = EventQuery.All;

    /// <summary>
    /// Whether events are returned with their seals, which are needed to compute their leaves in the ledger; by default they
    /// are not.
    /// </summary>
    public bool WithSeals { get; init; }

    /// <summary>The most matching events in the page, 1 or more.</summary>
    public int Limit { get; init; } = EventPage.DefaultLimit;

    /// <summary>Throws if a bound is not valid. Every storage calls this first.</summary>
    /// <exception cref="ArgumentException">Names the bound.</exception>
    public void Validate()
    {
        ArgumentNullException.ThrowIfNull(Filter);
        ArgumentOutOfRangeException.ThrowIfNegative(After);
        ArgumentOutOfRangeException.ThrowIfNegative(UpTo);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Limit);
    }
}
