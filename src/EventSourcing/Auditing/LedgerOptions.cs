namespace EventSourcing.Ledger;

/// <summary>
/// How a store's history is made provable: the log's name, the signers of its checkpoints, where these are kept, and when they
/// are made. Immutable; change it by <c>with</c>.
/// </summary>
/// <remarks>
/// <para>With a <see cref="Sink"/>, the first call on the store, whatever it is, compares it with the newest checkpoint there.
/// A store that is shorter or has another history, as after the restore of an older copy or the loss of a write-ahead log, is
/// refused: every call, those of read models too, throws <see cref="StoreRolledBackException"/>. Code that calls the storage
/// directly, not through the <see cref="EventStore"/>, bypasses the check.</para>
/// <para>How much this protects depends on where the sink is: anyone who can change both the store and the sink, or has the
/// key, can make them agree.</para>
/// </remarks>
public sealed record LedgerOptions
{
    /// <summary>
    /// The log's name, which no other log has; it is the first line of each checkpoint; best a URL without its scheme:
    /// <c>shop.example/ledger/orders</c>. If a store is restarted from nothing on purpose, it is another log: give it another
    /// name and sink.
    /// </summary>
    /// <exception cref="ArgumentException">It is not a line of text.</exception>
    public required string Origin
    {
        get;
        init
        {
            _ = new Checkpoint(value, 0, MerkleTree.EmptyRoot);
            field = value;
        }
    }

    /// <summary>
    /// The signers of checkpoints; none if this process only checks the store or makes unsigned ones. They and their keys must
    /// outlive the store, because its disposal signs once more.
    /// </summary>
    public IReadOnlyList<INoteSigner> Signers { get; init; } = [];

    /// <summary>
    /// The keys whose checkpoints are trusted when the sink is read. By default those of the signers that are
    /// <see cref="EcdsaNoteSigner"/>s. Give them here for other signers; if the key was changed, give the former keys too.
    /// </summary>
    public IReadOnlyList<INoteVerifier> Verifiers
    {
        get => field ?? [.. Signers.OfType<EcdsaNoteSigner>().Select(signer => signer.Verifier)];
        init;
    }

    /// <summary>
    /// Where checkpoints go and come from, e.g. a <see cref="FileCheckpointSink"/>. Without one there is no check at open.
    /// </summary>
    public ICheckpointSink? Sink { get; init; }

    /// <summary>
    /// After how many events a checkpoint is signed; 1,000 by default, <see langword="null"/> to not count. Counted from the
    /// newest checkpoint, whenever this process appends.
    /// </summary>
    public int? EveryEvents
    {
        get;
        init
        {
            if (value is { } events) ArgumentOutOfRangeException.ThrowIfNegativeOrZero(events);
            field = value;
        }
    } = 1000;

    /// <summary>
    /// The longest time between an append of this process and the next checkpoint; a minute by default, <see langword="null"/>
    /// for no such limit. Measured by the clock of the storage's options.
    /// </summary>
    public TimeSpan? Interval
    {
        get;
        init
        {
            if (value is { } interval)
            {
                ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(interval, TimeSpan.Zero);
                ArgumentOutOfRangeException.ThrowIfGreaterThan(interval, TimeSpan.FromDays(30));
            }

            field = value;
        }
    } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Called for each scheduled checkpoint that could not be signed or written. Appends are not affected. It is tried again,
    /// after a second at first and a minute at most, unless the error is a <see cref="StoreRolledBackException"/>. The failure
    /// is also reported by the event source <c>EventSourcing</c>, by the counter <c>eventsourcing.checkpoints</c>, and by
    /// <see cref="EventLedger.LastFailure"/>.
    /// </summary>
    public Action<Exception>? OnFailure { get; init; }

    /// <summary>Whether checkpoints are signed without being asked for.</summary>
    internal bool HasSchedule => Signers.Count > 0 && (EveryEvents ?? Interval?.Ticks) is not null;

    internal void Validate()
    {
        if (Sink is not null && Verifiers.Count == 0)
            throw new ArgumentException(
                "Checkpoints that a sink returns are verified by a key, and there is none. Give LedgerOptions.Verifiers, "
                + "or a signer that is an EcdsaNoteSigner.");
    }
}
