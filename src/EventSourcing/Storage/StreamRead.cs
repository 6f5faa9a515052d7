namespace EventSourcing.Storage;

/// <summary>
/// Says which page of a stream to read. The lower bound of the versions is exclusive and the upper one inclusive, in either direction.
/// </summary>
/// <param name="Stream">The stream's name.</param>
public sealed record StreamRead(string Stream)
{
    /// <summary>Only events after this version; 0 for all.</summary>
    public long After { get; init; }

    /// <summary>Only events up to this version.</summary>
    public long UpTo { get; init; } = long.MaxValue;

    /// <summary>Only events up to this position of the log.</summary>
    public long UpToPosition { get; init; } = long.MaxValue;

    /// <summary>Oldest or newest first.</summary>
    public ReadDirection Direction { get; init; }

    /// <summary>The most events in the page, 1 or more.</summary>
    public int Limit { get; init; } = EventPage.DefaultLimit;

    /// <summary>Throws if the name or a bound is not valid. Every storage calls this first.</summary>
    /// <exception cref="ArgumentException">The name or a bound is not valid; the message says which.</exception>
    public void Validate()
    {
        Names.ThrowIfInvalid(Stream, "A stream's name");
        ArgumentOutOfRangeException.ThrowIfNegative(After);
        ArgumentOutOfRangeException.ThrowIfNegative(UpTo);
        ArgumentOutOfRangeException.ThrowIfNegative(UpToPosition);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Limit);
    }
}
