namespace EventSourcing.Ledger;

/// <summary>
/// How a store's history is made provable: the log's name, the signers of its checkpoints, where these are kept, and when they
/// are made. Immutable; change it by <c>with</c>.
/// </summary>
/// <remarks>
/// <para>If there is a <see cref="Sink"/>, the first call on the store, whatever it is, compares the store with the newest
/// checkpoint in the sink. The store is refused if it is shorter or has another history, for example because an older copy was
/// restored or a write-ahead log was lost. Then every call throws <see cref="StoreRolledBackException"/>, also the calls on
/// read models. Code that calls the storage directly, not through the <see cref="EventStore"/>, bypasses the check.</para>
/// <para>How much this protects depends on where the sink is: anyone who can change both the store and the sink, or has the
/// key, can make them agree.</para>
/// </remarks>
public sealed record LedgerOptions
{
    /// <summary>
    /// The log's name, which no other log may have. It is the first line of each checkpoint. A good name is a URL without its
    /// scheme: <c>shop.example/ledger/orders</c>. If you begin a store anew on purpose, it is another log: give it another name
    /// and sink.
    /// </summary>
    /// <exception cref="ArgumentException">It is not a line of text.</exception>
    public required string Origin
    {
        get;
        init
        {
            Checkpoint.ThrowIfInvalidOrigin(value, nameof(Origin));
            field = value;
        }
    }

    /// <summary>
    /// The signers of checkpoints. There are none if this process only checks the store, or makes unsigned checkpoints. Dispose
    /// the signers and their keys only after the store, because the store signs once more when it is disposed.
    /// </summary>
    public IReadOnlyList<INoteSigner> Signers { get; init; } = [];

    /// <summary>
    /// The keys whose checkpoints are trusted when the sink is read. By default they are the keys of all signers that are
    /// <see cref="EcdsaNoteSigner"/>s. If there are other signers, give all keys here. If a key was changed, give the former
    /// keys too.
    /// </summary>
    public IReadOnlyList<INoteVerifier> Verifiers
    {
        get => field ?? [.. Signers.OfType<EcdsaNoteSigner>().Select(signer => signer.Verifier)];
        init;
    }

    /// <summary>
    /// Where checkpoints are written to and read from, e.g. a <see cref="FileCheckpointSink"/>. Without a sink, the store is
    /// not checked when it is opened.
    /// </summary>
    public ICheckpointSink? Sink { get; init; }

    /// <summary>
    /// After how many events a checkpoint is signed: 1,000 by default; <see langword="null"/> if events are not counted. They
    /// are counted from the newest checkpoint, whenever this process appends.
    /// </summary>
    public int? EveryEvents
    {
        get;
        init => field = value is { } events ? CountLimit.Positive(events) : null;
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
                ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(interval, TimeSpan.Zero, nameof(Interval));
                ArgumentOutOfRangeException.ThrowIfGreaterThan(interval, TimeSpan.FromDays(30), nameof(Interval));
            }

            field = value;
        }
    } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Called for each scheduled checkpoint that could not be signed or written. Appends are not affected. The checkpoint is
    /// tried again, after a second at first and a minute at most. It is not tried again if the error is a
    /// <see cref="StoreRolledBackException"/>. The failure is also reported by the event source <c>EventSourcing</c>, by the
    /// counter <c>eventsourcing.checkpoints</c>, and by <see cref="EventLedger.LastFailure"/>.
    /// </summary>
    public Action<Exception>? OnFailure { get; init; }

    /// <summary>Whether checkpoints are signed automatically.</summary>
    internal bool HasSchedule => Signers.Count > 0 && (EveryEvents ?? Interval?.Ticks) is not null;

    internal void Validate()
    {
        if (Sink is not null && Verifiers.Count == 0)
            throw new ArgumentException(
                "Checkpoints that a sink returns are verified by a key, and there is none. Give LedgerOptions.Verifiers, "
                + "or a signer that is an EcdsaNoteSigner.");
    }
}
