namespace EventSourcing.Operations;

/// <summary>The status of a projection or reactor.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">What it is doing, from what this process knows.</param>
/// <param name="Position">
/// The position up to which events are in the read model that serves, or are held back because they are parked.
/// </param>
/// <param name="Head">The head of the log.</param>
/// <param name="LagTime">How long ago the first event was recorded that has not been handled yet; zero if there is none.</param>
/// <param name="Parked">
/// How many streams or documents of the read model that serves are parked, including those that are still being retried.
/// </param>
/// <param name="LastError">What went wrong last, or <see langword="null"/>.</param>
/// <param name="Rebuild">The progress of a rebuild, or <see langword="null"/> if there is none.</param>
public sealed record ProjectionStatus(
    string Name,
    ProjectionState State,
    long Position,
    long Head,
    TimeSpan LagTime,
    int Parked,
    Exception? LastError,
    RebuildProgress? Rebuild)
{
    /// <summary>
    /// The process that runs it, or <see langword="null"/> if none does. This concerns the read model that serves; one that is built beside
    /// it may be built by another process.
    /// </summary>
    public ProjectionRunner? Runner { get; init; }

    /// <summary>
    /// What is parked or being retried in the read model that serves, by position: the first <see cref="MaxParkedEvents"/>.
    /// </summary>
    public IReadOnlyList<ParkedEvents> ParkedEvents { get; init; } = [];

    /// <summary>Whether a rebuild of its read model was ordered, and no process has begun it yet.</summary>
    public bool IsRebuildOrdered { get; init; }

    /// <summary>The most entries of <see cref="ParkedEvents"/>; <see cref="ProjectionAdmin.GetParkedAsync"/> returns all.</summary>
    public const int MaxParkedEvents = 100;

    /// <summary>
    /// How many positions of the log lie between the read model and the head. Events that it does not look at count until they are passed.
    /// </summary>
    public long Lag => Math.Max(0, Head - Position);
}
