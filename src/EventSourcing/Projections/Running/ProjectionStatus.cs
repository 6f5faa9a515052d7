namespace EventSourcing;

/// <summary>How a projection or reactor is doing.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">What it is doing, as far as this process knows.</param>
/// <param name="Checkpoint">The position up to which events are in the read model that serves, or are held back with what is parked.</param>
/// <param name="Head">The head of the log.</param>
/// <param name="LagTime">How long ago the first event was recorded that is not dealt with; zero where there is none.</param>
/// <param name="Parked">How many streams or documents of the read model that serves are parked, those included that are still being retried.</param>
/// <param name="LastError">What went wrong last, or <see langword="null"/>.</param>
/// <param name="Rebuild">How far a rebuild is, or <see langword="null"/> where there is none.</param>
public sealed record ProjectionStatus(
    string Name, ProjectionState State, long Checkpoint, long Head, TimeSpan LagTime, int Parked, Exception? LastError, RebuildProgress? Rebuild)
{
    /// <summary>How many positions of the log lie between the read model and the head; events that it does not look at count until they are passed.</summary>
    public long Lag => Math.Max(0, Head - Checkpoint);
}

/// <summary>What a projection or reactor is doing in this process.</summary>
public enum ProjectionState
{
    /// <summary>It is not started in this process.</summary>
    NotStarted = 0,

    /// <summary>It is about to start.</summary>
    Starting = 1,

    /// <summary>Another process, or another start in this one, runs it; this one takes over when that one is gone.</summary>
    Standby = 2,

    /// <summary>It is behind the log and catching up.</summary>
    CatchingUp = 3,

    /// <summary>It is level with the log.</summary>
    Live = 4,

    /// <summary>The storage fails; it is tried again.</summary>
    Retrying = 5,

    /// <summary>Another version of it has taken its place, and is alive or was so less than a lease ago.</summary>
    Replaced = 6,

    /// <summary>It has failed and does nothing until it is started again.</summary>
    Failed = 7,

    /// <summary>It was stopped.</summary>
    Stopped = 8,

    /// <summary>Some process holds it, perhaps this one: all that a look from outside can tell. Whether that one is alive shows in the checkpoint.</summary>
    Held = 9,
}

/// <summary>How far a rebuild is.</summary>
/// <param name="Position">The position up to which the new read model is built.</param>
/// <param name="Target">The head of the log: where it takes the place of the old one.</param>
/// <param name="PositionsPerSecond">How fast it goes, over its run in this process so far; 0 where that is not known.</param>
public sealed record RebuildProgress(long Position, long Target, double PositionsPerSecond)
{
    /// <summary>
    /// How many streams or documents of the new read model are parked, or being retried. It takes the place of the old one
    /// only when there is none: resume or skip them.
    /// </summary>
    public int Parked { get; init; }

    /// <summary>The part done, from 0 to 1.</summary>
    public double Part => Target <= 0 ? 1 : Math.Min(1, (double)Position / Target);

    /// <summary>The time left at this speed, or <see langword="null"/> where that is not known.</summary>
    public TimeSpan? TimeLeft => PositionsPerSecond > 0 ? TimeSpan.FromSeconds(Math.Max(0, Target - Position) / PositionsPerSecond) : null;
}

/// <summary>A stream or document of which events are held back, because one of them keeps failing.</summary>
/// <param name="Id">Its id, to resume or skip by.</param>
/// <param name="Projection">The projection or reactor.</param>
/// <param name="Kind">Whether a stream or a document is held back.</param>
/// <param name="Partition">The stream's name or the document's key.</param>
/// <param name="Stream">The stream of the event that fails.</param>
/// <param name="Position">The position of the event that fails.</param>
/// <param name="EventType">The stored name of its type.</param>
/// <param name="Error">What it failed with.</param>
/// <param name="ErrorType">The type of that error.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="ParkedAt">When it failed first.</param>
/// <param name="RetryAt">When it is tried again by itself, or <see langword="null"/> where it waits for you.</param>
public sealed record ParkedEvents(
    string Id,
    string Projection,
    ParkedKind Kind,
    string Partition,
    string Stream,
    long Position,
    string EventType,
    string Error,
    string ErrorType,
    int Attempts,
    DateTimeOffset ParkedAt,
    DateTimeOffset? RetryAt);

/// <summary>What is held back together.</summary>
public enum ParkedKind
{
    /// <summary>The events of one stream.</summary>
    Stream = 0,

    /// <summary>The events that change one document.</summary>
    Document = 1,
}

/// <summary>An event that somebody had left out.</summary>
/// <param name="Projection">The projection or reactor.</param>
/// <param name="Kind">Whether it was left out of a stream or of a document.</param>
/// <param name="Partition">The stream's name or the document's key.</param>
/// <param name="Position">Its position.</param>
/// <param name="Error">What it had failed with.</param>
/// <param name="By">Who said so.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">When.</param>
public sealed record SkippedEvent(string Projection, ParkedKind Kind, string Partition, long Position, string Error, string By, string Reason, DateTimeOffset At);
