namespace EventSourcing;

/// <summary>
/// How a store's history is vouched for: the log's name, who signs checkpoints of it, where they go and when. Immutable;
/// change it by <c>with</c>.
/// </summary>
/// <remarks>
/// <para>With a <see cref="Sink"/>, the first call of anything on the store compares it with the newest checkpoint there. A
/// store that is shorter or has another history, as after the restore of an older copy or the loss of a write-ahead log, is
/// refused with <see cref="StoreRolledBackException"/> by every call, of read models too. Who calls the storage itself, past
/// the <see cref="EventStore"/>, is past the check.</para>
/// <para>What that is worth hangs on where the sink is: whoever can change the store and the sink, or has the key, can make
/// both say the same.</para>
/// </remarks>
public sealed record LedgerOptions
{
    /// <summary>
    /// The log's name, the first line of each checkpoint, which no other log has; best a URL without its scheme:
    /// <c>shop.example/ledger/orders</c>. A store that is begun anew on purpose is another log: give it another name and sink.
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
    /// Who signs checkpoints; none where this process only checks the store or makes unsigned ones. They and their keys must
    /// outlive the store, whose disposal signs once more.
    /// </summary>
    public IReadOnlyList<INoteSigner> Signers { get; init; } = [];

    /// <summary>
    /// The keys whose checkpoints are believed when the sink is read. By default those of the signers that are
    /// <see cref="EcdsaNoteSigner"/>s; for others give them here, and also the keys of before, where the key was changed.
    /// </summary>
    public IReadOnlyList<INoteVerifier> Verifiers
    {
        get => field ?? [.. Signers.OfType<EcdsaNoteSigner>().Select(signer => signer.Verifier)];
        init;
    }

    /// <summary>Where checkpoints go and come from, e.g. a <see cref="FileCheckpointSink"/>. Without one there is no check at open.</summary>
    public ICheckpointSink? Sink { get; init; }

    /// <summary>
    /// After how many events a checkpoint is signed; 1,000 by default, <see langword="null"/> to not count. Counted from the
    /// newest checkpoint on, when this process appends.
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
    /// How long after an append of this process a checkpoint is signed at the latest; a minute by default,
    /// <see langword="null"/> for no such limit. By the clock of the storage's options.
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
    /// Told of each scheduled checkpoint that could not be signed or written. Appends do not notice; it is tried again, after a
    /// second at first and a minute at most, except where the error is a <see cref="StoreRolledBackException"/>. The same is in
    /// the event source <c>EventSourcing</c>, counted by <c>eventsourcing.checkpoints</c>, and at <see cref="EventLedger.LastFailure"/>.
    /// </summary>
    public Action<Exception>? OnFailure { get; init; }

    /// <summary>Whether checkpoints are signed without being asked for.</summary>
    internal bool HasSchedule => Signers.Count > 0 && (EveryEvents ?? Interval?.Ticks) is not null;

    internal void Validate()
    {
        if (Sink is not null && Verifiers.Count == 0)
            throw new ArgumentException("A sink's checkpoints are believed by a key, and there is none. Give LedgerOptions.Verifiers, or a signer that is an EcdsaNoteSigner.");
    }
}
