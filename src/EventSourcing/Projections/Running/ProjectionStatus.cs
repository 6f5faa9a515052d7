namespace EventSourcing;

/// <summary>How a projection or reactor is doing.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">What it is doing, as far as this process knows.</param>
/// <param name="Position">The position up to which events are in the read model that serves, or are held back with what is parked.</param>
/// <param name="Head">The head of the log.</param>
/// <param name="LagTime">How long ago the first event was recorded that has not been dealt with; zero if there is none.</param>
/// <param name="Parked">
/// How many streams or documents of the read model that serves are parked, those included that are still being retried.
/// </param>
/// <param name="LastError">What went wrong last, or <see langword="null"/>.</param>
/// <param name="Rebuild">How far a rebuild is, or <see langword="null"/> if there is none.</param>
public sealed record ProjectionStatus(
    string Name, ProjectionState State, long Position, long Head, TimeSpan LagTime, int Parked, Exception? LastError, RebuildProgress? Rebuild)
{
    /// <summary>
    /// The process that runs it, or <see langword="null"/> if none does. It is told of the read model that serves; one that is built
    /// beside it may be built by another process.
    /// </summary>
    public ProjectionRunner? Runner { get; init; }

    /// <summary>
    /// What is parked of the read model that serves, or being retried, by position: the first <see cref="MaxParkedEvents"/>.
    /// </summary>
    public IReadOnlyList<ParkedEvents> ParkedEvents { get; init; } = [];

    /// <summary>Whether it was ordered to build its read model anew, and no process has begun to do so yet.</summary>
    public bool IsRebuildOrdered { get; init; }

    /// <summary>The most entries of <see cref="ParkedEvents"/>; <see cref="ProjectionAdmin.GetParkedAsync"/> returns all.</summary>
    public const int MaxParkedEvents = 100;

    /// <summary>
    /// How many positions of the log lie between the read model and the head; events that it does not look at count until they are
    /// passed.
    /// </summary>
    public long Lag => Math.Max(0, Head - Position);
}
