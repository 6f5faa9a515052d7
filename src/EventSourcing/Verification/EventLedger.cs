namespace EventSourcing.Ledger;

/// <summary>
/// Proves the history of an <see cref="EventStore"/>'s log: signs its checkpoints, makes its proofs, and verifies that it is
/// unchanged. Thread-safe.
/// </summary>
/// <remarks>
/// Signing is cheap because the tree is not recomputed: the stored tree is signed, with the leaves of the last, incomplete 256
/// events computed from the events. If only an older event was changed, the next checkpoint is still signed, and
/// <see cref="VerifyAsync"/> finds the change. If the tree was changed with it, the next checkpoint finds that and is refused.
/// </remarks>
public sealed class EventLedger
{
    private readonly EventStore _store;
    private readonly IEventStorage _storage;
    private readonly CheckedStorage? _checked;

    internal EventLedger(EventStore store)
    {
        _store = store;
        _storage = store.Storage;
        _checked = store.Storage as CheckedStorage;
    }

    /// <summary>
    /// The newest signed checkpoint that this process knows and that agrees with the store: this process signed it, or found it
    /// in the sink. <see langword="null"/> if there is none.
    /// </summary>
    public SignedNote? NewestCheckpoint => KnownCheckpointer?.Newest?.Note;

    /// <summary>
    /// Why the newest checkpoint that was due could not be signed or written; <see langword="null"/> once one has succeeded.
    /// </summary>
    public Exception? LastFailure => _checked?.Schedule?.LastFailure;

    /// <summary>Compares the store with its checkpoints and signs them; null if the options do not say how.</summary>
    private Checkpointer? KnownCheckpointer => _checked?.Checkpointer;

    private string Store => KnownCheckpointer?.Origin ?? _storage.GetType().Name;

    private Checkpointer Checkpointer => KnownCheckpointer
        ?? throw new InvalidOperationException("This store's log has no name to sign under. Give EventStoreOptions.Ledger.");

    /// <summary>A checkpoint of the log as it is now, from the stored tree; it is not signed and not handed to the sink.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The checkpoint.</returns>
    /// <exception cref="InvalidOperationException">There is no <see cref="EventStoreOptions.Ledger"/>.</exception>
    /// <exception cref="StoreRolledBackException">The store does not agree with the newest signed checkpoint.</exception>
    /// <exception cref="CheckpointSinkException">The sink cannot be read, or its content cannot be trusted.</exception>
    public ValueTask<Checkpoint> CheckpointAsync(CancellationToken cancellationToken = default) =>
        Checkpointer.TakeAsync(cancellationToken);

    /// <summary>
    /// Signs a checkpoint of the log as it is now, all of it durable, and hands it to the sink. A checkpoint is signed only if
    /// the log has grown from the one before it, of this process and of the sink. If the log has not grown since, nothing new
    /// is signed.
    /// </summary>
    /// <param name="cancellationToken">Abandons it.</param>
    /// <returns>The newest signed checkpoint; it covers all events committed before the call.</returns>
    /// <exception cref="StoreReadOnlyException">
    /// The store was opened read-only: it cannot ensure that everything it has read is on the disk.
    /// </exception>
    /// <exception cref="InvalidOperationException">There is no <see cref="EventStoreOptions.Ledger"/>, or it has no signers.</exception>
    /// <exception cref="StoreRolledBackException">
    /// The log does not agree with what was signed before. From now on the store serves and signs nothing.
    /// </exception>
    /// <exception cref="StoreCorruptedException">The stored tree contradicts itself; nothing was signed.</exception>
    /// <exception cref="CheckpointSinkException">The sink cannot be read or written, or its content cannot be trusted.</exception>
    public ValueTask<SignedNote> SignCheckpointAsync(CancellationToken cancellationToken = default)
    {
        _store.ThrowIfReadOnly("sign a checkpoint");
        return Checkpointer.SignAsync(cancellationToken);
    }

    /// <summary>
    /// Finds a signed checkpoint that covers an event: the newest one of this process, or that of the sink if only that one covers it.
    /// </summary>
    /// <param name="position">The event's position.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <returns>The checkpoint, which agrees with the store; <see langword="null"/> if none covers the event yet.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is not above 0.</exception>
    /// <exception cref="InvalidOperationException">There is no <see cref="EventStoreOptions.Ledger"/>.</exception>
    /// <exception cref="StoreRolledBackException">The store does not agree with the checkpoint.</exception>
    /// <exception cref="CheckpointSinkException">The sink cannot be read, or its content cannot be trusted.</exception>
    public async ValueTask<SignedNote?> FindCheckpointAsync(long position, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(position);
        return (await Checkpointer.FindAsync(position, cancellationToken).ConfigureAwait(false))?.Note;
    }

    /// <summary>Proves that an event is in the log.</summary>
    /// <param name="position">The event's position.</param>
    /// <param name="checkpoint">
    /// The signed checkpoint to prove it under, whose signature is not checked. By default the newest one, of this process or
    /// its sink, that covers the event; if there is none, the proof leads to the current root.
    /// </param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <returns>The proof, already verified.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such position, or the checkpoint does not cover it.</exception>
    /// <exception cref="StoreRolledBackException">The store does not agree with the checkpoint.</exception>
    /// <exception cref="StoreCorruptedException">The event or the tree was changed: no proof can be made.</exception>
    /// <exception cref="LedgerFormatException">The note is not a checkpoint.</exception>
    public async ValueTask<EventProof> ProveInclusionAsync(
        long position, SignedNote? checkpoint = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(position);
        var known = KnownCheckpointer?.Newest;
        if (checkpoint is null)
            known = KnownCheckpointer is null ? null : await KnownCheckpointer.FindAsync(position, cancellationToken).ConfigureAwait(false);
        else if (!ReferenceEquals(checkpoint, known?.Note)) known = null;
        checkpoint ??= known?.Note;
        var under = known?.Checkpoint ?? (checkpoint is null ? null : Checkpoint.Parse(checkpoint.Text));
        var tree = known?.Tree ?? await _storage.Ledger.GetFrontierAsync(cancellationToken).ConfigureAwait(false);
        if (under is not null && under.Size > tree.Size) throw new StoreRolledBackException(under, tree.Size, root: null);
        var size = under?.Size ?? tree.Size;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, size);
        if (tree.Size != size) tree = await MerkleFrontier.ReadAsync(_storage.Ledger, size, cancellationToken).ConfigureAwait(false);
        var root = tree.Root();
        if (under is not null && under.Root != root) throw new StoreRolledBackException(under, size, root);
        var disclosure = await ReadAsync(position, cancellationToken).ConfigureAwait(false);
        var inclusion = await InclusionProof.BuildAsync(_storage.Ledger, position - 1, size, tree, cancellationToken).ConfigureAwait(false);
        return inclusion.Verify(disclosure.Leaf.Hash(), root)
            ? new EventProof(disclosure, inclusion, root, checkpoint)
            : throw new StoreCorruptedException(
                Store,
                $"the event at position {position}, or one of the {MerkleTree.TileWidth} around it, "
                + "is not the one that the tree was made of.");
    }

    /// <summary>Proves that the event with an id is in the log.</summary>
    /// <param name="eventId">The event's id.</param>
    /// <param name="checkpoint">The signed checkpoint to prove it under; see the overload by position.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <returns>The proof, already verified.</returns>
    /// <exception cref="ArgumentException">No event has the id.</exception>
    public async ValueTask<EventProof> ProveInclusionAsync(
        Guid eventId, SignedNote? checkpoint = null, CancellationToken cancellationToken = default)
    {
        var position = await _storage.GetPositionAsync(eventId, cancellationToken).ConfigureAwait(false);
        return position > 0
            ? await ProveInclusionAsync(position, checkpoint, cancellationToken).ConfigureAwait(false)
            : throw new ArgumentException($"No event has the id {eventId}.", nameof(eventId));
    }

    /// <summary>
    /// Proves that the log of one size has grown into that of another: that none of its events was changed, moved or removed.
    /// </summary>
    /// <param name="oldSize">The earlier size, from 1.</param>
    /// <param name="newSize">The later size, at most the head of the log.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <returns>
    /// The proof, to be verified with the roots of two checkpoints. If the store was changed in between, it does not fit them.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The sizes are not in order, or the log does not have so many events.</exception>
    public async ValueTask<ConsistencyProof> ProveConsistencyAsync(
        long oldSize, long newSize, CancellationToken cancellationToken = default)
    {
        var tree = await _storage.Ledger.GetFrontierAsync(cancellationToken).ConfigureAwait(false);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(newSize, tree.Size);
        return await ConsistencyProof.BuildAsync(_storage.Ledger, oldSize, newSize, tree, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Verifies the log: recomputes the tree from the stored events, trusting no stored hash, and compares it with the stored
    /// tree and with checkpoints kept elsewhere: those given, and the newest of the sink. Memory stays bounded however long the
    /// log is. Snapshots and read models that the options name are recomputed and compared too. It also runs on a store that is
    /// refused with <see cref="StoreRolledBackException"/>.
    /// </summary>
    /// <param name="options">The checkpoints to compare with, where to begin, and what receives the progress.</param>
    /// <param name="cancellationToken">Ends the verification.</param>
    /// <returns>What was found. Damage of the store is a finding, not an exception.</returns>
    /// <exception cref="StorageFailedException">The medium failed.</exception>
    /// <exception cref="CheckpointSinkException">The sink cannot be read, or its content cannot be trusted.</exception>
    public async ValueTask<LedgerReport> VerifyAsync(LedgerVerification? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new LedgerVerification();
        var newest = KnownCheckpointer is null ? null : await KnownCheckpointer.ReadSinkAsync(cancellationToken).ConfigureAwait(false);
        if (newest is not null) options = options with { Checkpoints = [.. options.Checkpoints, newest] };
        var storage = _checked?.Unchecked ?? _storage;
        var report = await new LedgerVerifier(storage, options).RunAsync(cancellationToken).ConfigureAwait(false);
        return await new DerivedVerifier(_store, storage, options).AddToAsync(report, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<EventDisclosure> ReadAsync(long position, CancellationToken cancellationToken)
    {
        using var page = await _storage.ReadAtAsync(position, cancellationToken, withSeal: true).ConfigureAwait(false);
        if (page.Count == 0) throw new StoreCorruptedException(Store, $"there is no event at position {position}.");
        var e = page.Events[0];
        try
        {
            return e.IsErased ? new EventDisclosure(e.ToLeaf(), e.Metadata) : new EventDisclosure(e.ToLeaf(), e.Metadata, e.Seal, e.Data);
        }
        catch (ArgumentException flaw)
        {
            // A leaf accepts only what an append accepts, but the stored data may be anything.
            throw new StoreCorruptedException(
                Store, $"the event at position {position} cannot be made into a leaf of the Merkle tree. {flaw.Message}", flaw);
        }
    }
}
