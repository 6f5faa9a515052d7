namespace EventSourcing;

/// <summary>What a verification of the log compares with, and where it begins. Immutable.</summary>
public sealed record LedgerVerification
{
    /// <summary>
    /// Checkpoints that were kept outside the store, of any sizes, beside the newest of <see cref="LedgerOptions.Sink"/>. Without
    /// any, a verification finds damage and careless changes, but nothing that somebody did who then computed the tree anew.
    /// </summary>
    public IReadOnlyList<Checkpoint> Checkpoints { get; init; } = [];

    /// <summary>
    /// A checkpoint up to which the log is taken as verified: what follows it is verified, and that the stored tree
    /// up to there is the one of the checkpoint. Of what surrounds the log only as much is checked as is done at once.
    /// Without one, or where the log is shorter or its tree cannot be read, the whole log is verified.
    /// </summary>
    /// <remarks>Changes of events before the checkpoint since it was verified are not found so: they need the whole verification.</remarks>
    public Checkpoint? From { get; init; }

    /// <summary>
    /// The kinds of snapshots to hold against the log: each snapshot is made anew by replaying its stream, and compared. Those
    /// that are not named are not looked at, and <see cref="LedgerReport.Derived"/> says which there are.
    /// </summary>
    public IReadOnlyList<SnapshotsOf> Snapshots { get; init; } = [];

    /// <summary>
    /// The projections whose read models to hold against the log: it is folded anew, and all documents and the values of their
    /// fields are compared. The projections may go on meanwhile. Tables are not compared. Those that are not named are not
    /// looked at, and <see cref="LedgerReport.Derived"/> says which there are.
    /// </summary>
    public IReadOnlyList<Projection> ReadModels { get; init; } = [];

    /// <summary>
    /// About how many bytes of documents are kept in memory while a read model is folded anew; 64 MiB by default. Where it has
    /// more, the log is read more than once.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public long MaxBytesOfDocuments
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            field = value;
        }
    } = 64L * 1024 * 1024;

    /// <summary>Told from time to time how far the verification has come.</summary>
    public IProgress<LedgerProgress>? Progress { get; init; }
}

/// <summary>How far a verification has come.</summary>
/// <param name="Position">The position up to which events have been verified.</param>
/// <param name="Head">The last position, as far as is known.</param>
/// <param name="Findings">How many findings there are so far.</param>
public readonly record struct LedgerProgress(long Position, long Head, int Findings);
