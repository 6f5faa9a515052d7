namespace EventSourcing;

/// <summary>How a projection or reactor is doing.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">What it is doing, as far as this process knows.</param>
/// <param name="Position">The position up to which events are in the read model that serves, or are held back with what is parked.</param>
/// <param name="Head">The head of the log.</param>
/// <param name="LagTime">How long ago the first event was recorded that has not been dealt with; zero if there is none.</param>
/// <param name="Parked">How many streams or documents of the read model that serves are parked, those included that are still being retried.</param>
/// <param name="LastError">What went wrong last, or <see langword="null"/>.</param>
/// <param name="Rebuild">How far a rebuild is, or <see langword="null"/> if there is none.</param>
public sealed record ProjectionStatus(
    string Name, ProjectionState State, long Position, long Head, TimeSpan LagTime, int Parked, Exception? LastError, RebuildProgress? Rebuild)
{
    /// <summary>How many positions of the log lie between the read model and the head; events that it does not look at count until they are passed.</summary>
    public long Lag => Math.Max(0, Head - Position);
}
