namespace EventSourcing.Operations;

/// <summary>The progress of a rebuild.</summary>
/// <param name="Position">The position up to which the new read model is built.</param>
/// <param name="Target">The head of the log, at which the new read model takes the place of the old one.</param>
/// <param name="PositionsPerSecond">Its speed, over its run in this process until now; 0 if that is not known.</param>
public sealed record RebuildProgress(long Position, long Target, double PositionsPerSecond)
{
    /// <summary>
    /// How many streams or documents of the new read model are parked, or being retried. It takes the place of the old one only if there
    /// are none: resume or skip them.
    /// </summary>
    public int Parked { get; init; }

    /// <summary>The part done, from 0 to 1.</summary>
    public double Part => Target <= 0 ? 1 : Math.Min(1, (double)Position / Target);

    /// <summary>The time left at this speed, or <see langword="null"/> if that is not known.</summary>
    public TimeSpan? TimeLeft => PositionsPerSecond > 0 ? TimeSpan.FromSeconds(Math.Max(0, Target - Position) / PositionsPerSecond) : null;
}
