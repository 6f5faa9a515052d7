namespace EventSourcing.Ledger;

/// <summary>What a verification of the log compares with, and where it begins. Immutable.</summary>
public sealed record LedgerVerification
{
    /// <summary>
    /// Checkpoints that were kept outside the store, of any sizes, in addition to the newest of
    /// <see cref="LedgerOptions.Sink"/>. Without any, a verification finds damage and careless changes, but no change after
    /// which the tree was recomputed.
    /// </summary>
    public IReadOnlyList<Checkpoint> Checkpoints { get; init; } = [];

    /// <summary>
    /// A checkpoint up to which the log counts as verified. Verified are the events after it, and that the stored tree up to
    /// there is the checkpoint's. Of the data around the log, only what is cheap to check is checked. Without a checkpoint, or
    /// if the log is shorter or its tree cannot be read, the whole log is verified.
    /// </summary>
    /// <remarks>
    /// If events before the checkpoint were changed after they were verified, this does not find it; only a verification of the
    /// whole log does.
    /// </remarks>
    public Checkpoint? From { get; init; }

    /// <summary>
    /// The kinds of snapshots to compare with the log: each snapshot is recomputed by replaying its stream, and compared. Kinds
    /// that are not named are not checked; <see cref="LedgerReport.Derived"/> lists them.
    /// </summary>
    public IReadOnlyList<SnapshotsOf> Snapshots { get; init; } = [];

    /// <summary>
    /// The projections whose read models to compare with the log: the log is folded again, and all documents and the values of
    /// their fields are compared. The projections may keep running. Tables are not compared. Projections that are not named are
    /// not checked; <see cref="LedgerReport.Derived"/> lists them.
    /// </summary>
    public IReadOnlyList<Projection> ReadModels { get; init; } = [];

    /// <summary>
    /// About how many bytes of documents are kept in memory while a read model is recomputed; 64 MiB by default. If it has
    /// more, the log is read more than once.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public long MaxBytesOfDocuments
    {
        get;
        init => field = CountLimit.Positive(value);
    } = 64L * 1024 * 1024;

    /// <summary>Receives the progress of the verification from time to time.</summary>
    public IProgress<LedgerProgress>? Progress { get; init; }
}

/// <summary>The progress of a verification.</summary>
/// <param name="Position">The position up to which events have been verified.</param>
/// <param name="Head">The last position known so far.</param>
/// <param name="Findings">How many findings there are so far.</param>
public readonly record struct LedgerProgress(long Position, long Head, int Findings);
