namespace EventSourcing;

/// <summary>
/// What an <see cref="EventStore"/>'s log can prove of its own history: its checkpoints, its proofs, and whether it is still
/// what it was. Thread-safe.
/// </summary>
/// <remarks>
/// Signing costs little since the tree is not made anew: what is signed is the tree as it is kept, with the events of its last,
/// incomplete 256 as they are. Somebody who changes an older event alone does not hinder the next checkpoint, and
/// <see cref="VerifyAsync"/> finds the change; somebody who changes the tree with it is found by the next checkpoint and refused.
/// </remarks>
public sealed class EventLedger
{
    private readonly EventStore _store;
    private readonly IEventStorage _storage;
    private readonly IEventStorage _unchecked;
    private readonly Checkpointer? _checkpointer;
    private readonly CheckpointSchedule? _schedule;

    /// <param name="store">The store, which knows the types of the events.</param>
    /// <param name="storage">The storage, behind the check at open where there is one.</param>
    /// <param name="unchecked">The storage itself: a store that is refused is the very one to verify.</param>
    /// <param name="checkpointer">Who signs.</param>
    /// <param name="schedule">Who signs unasked.</param>
    internal EventLedger(EventStore store, IEventStorage storage, IEventStorage @unchecked, Checkpointer? checkpointer = null, CheckpointSchedule? schedule = null)
    {
        _store = store;
        _storage = storage;
        _unchecked = @unchecked;
        _checkpointer = checkpointer;
        _schedule = schedule;
    }

    /// <summary>
    /// The newest signed checkpoint that this process knows and the store agrees with: signed by it, or found in the sink;
    /// <see langword="null"/> where there is none.
    /// </summary>
    public SignedNote? NewestCheckpoint => _checkpointer?.Newest?.Note;

    /// <summary>Why the newest checkpoint that was due could not be signed or written; <see langword="null"/> once one could.</summary>
    public Exception? LastFailure => _schedule?.LastFailure;

    private string Store => _checkpointer?.Origin ?? _storage.GetType().Name;

    private Checkpointer Checkpointer => _checkpointer ?? throw new InvalidOperationException("This store's log has no name to sign under. Give EventStoreOptions.Ledger.");

    /// <summary>A checkpoint of the log as it is now: the tree as it is kept, unsigned and not handed to the sink.</summary>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The checkpoint.</returns>
    /// <exception cref="InvalidOperationException">There is no <see cref="EventStoreOptions.Ledger"/>.</exception>
    /// <exception cref="StoreRolledBackException">The store does not agree with the newest signed checkpoint.</exception>
    /// <exception cref="CheckpointSinkException">The sink cannot be read, or what it has is not to be believed.</exception>
    public ValueTask<Checkpoint> CheckpointAsync(CancellationToken cancellationToken = default) => Checkpointer.TakeAsync(cancellationToken);

    /// <summary>
    /// Signs a checkpoint of the log as it is now, all of it durable, and hands it to the sink. Nothing is signed that does not
    /// follow from the checkpoint before it, of this process and of the sink. Where the log has not grown since, nothing
    /// new is signed.
    /// </summary>
    /// <param name="cancellationToken">Abandons it.</param>
    /// <returns>The newest signed checkpoint, that of all events committed before the call.</returns>
    /// <exception cref="StoreReadOnlyException">The store was opened read-only: it cannot see to it that all it has read is on the disk.</exception>
    /// <exception cref="InvalidOperationException">There is no <see cref="EventStoreOptions.Ledger"/>, or nobody who signs.</exception>
    /// <exception cref="StoreRolledBackException">The log is not what was signed before. From now on the store serves and signs nothing.</exception>
    /// <exception cref="StoreCorruptedException">The tree as it is kept contradicts itself; nothing was signed.</exception>
    /// <exception cref="CheckpointSinkException">The sink cannot be read or written, or what it has is not to be believed.</exception>
    public ValueTask<SignedNote> SignCheckpointAsync(CancellationToken cancellationToken = default)
    {
        _store.ThrowIfReadOnly("sign a checkpoint");
        return Checkpointer.SignAsync(cancellationToken);
    }

    /// <summary>Proves that an event is in the log.</summary>
    /// <param name="position">The event's position.</param>
    /// <param name="checkpoint">
    /// The signed checkpoint to prove it under, whose signature is not looked at. By default the newest that covers the event, of
    /// this process or its sink; where there is none, the proof leads to the root as it is now.
    /// </param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <returns>The proof, which was verified.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such position, or the checkpoint does not cover it.</exception>
    /// <exception cref="StoreRolledBackException">The store does not agree with the checkpoint.</exception>
    /// <exception cref="StoreCorruptedException">The event or the tree was changed: no proof can be made.</exception>
    /// <exception cref="LedgerFormatException">The note is not that of a checkpoint.</exception>
    public async ValueTask<EventProof> ProveInclusionAsync(long position, SignedNote? checkpoint = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(position);
        var known = _checkpointer?.Newest;
        if (checkpoint is null) known = _checkpointer is null ? null : await _checkpointer.FindAsync(position, cancellationToken).ConfigureAwait(false);
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
            : throw new StoreCorruptedException(Store, $"the event at position {position}, or one of the {MerkleTree.TileWidth} around it, is not the one of which the tree was made.");
    }

    /// <summary>Proves that the event with an id is in the log.</summary>
    /// <param name="eventId">The event's id.</param>
    /// <param name="checkpoint">The signed checkpoint to prove it under; see the overload by position.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <returns>The proof, which was verified.</returns>
    /// <exception cref="ArgumentException">No event has the id.</exception>
    public async ValueTask<EventProof> ProveInclusionAsync(Guid eventId, SignedNote? checkpoint = null, CancellationToken cancellationToken = default)
    {
        var position = await _storage.GetPositionAsync(eventId, cancellationToken).ConfigureAwait(false);
        return position > 0
            ? await ProveInclusionAsync(position, checkpoint, cancellationToken).ConfigureAwait(false)
            : throw new ArgumentException($"No event has the id {eventId}.", nameof(eventId));
    }

    /// <summary>Proves that the log of one size has grown into that of another: that nothing of it was changed, moved or removed.</summary>
    /// <param name="oldSize">The earlier size, from 1.</param>
    /// <param name="newSize">The later size, at most the head of the log.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <returns>The proof, to be verified with the roots of two checkpoints. Where the store was changed in between, it does not fit them.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The sizes are not in order, or the log does not have so many events.</exception>
    public async ValueTask<ConsistencyProof> ProveConsistencyAsync(long oldSize, long newSize, CancellationToken cancellationToken = default)
    {
        var tree = await _storage.Ledger.GetFrontierAsync(cancellationToken).ConfigureAwait(false);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(newSize, tree.Size);
        return await ConsistencyProof.BuildAsync(_storage.Ledger, oldSize, newSize, tree, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Verifies the log: recomputes the tree from what is stored of the events, trusting no stored hash, and compares it with
    /// the stored one and with checkpoints that were kept elsewhere: those given, and the newest of the sink. Memory stays
    /// bounded however long the log is. Snapshots and read models that the options name are made anew and compared too. It also runs on a store that is refused with <see cref="StoreRolledBackException"/>.
    /// </summary>
    /// <param name="options">The checkpoints to compare with, where to begin, and who is told of progress.</param>
    /// <param name="cancellationToken">Ends the verification.</param>
    /// <returns>What was found. Damage of the store is a finding, not an exception.</returns>
    /// <exception cref="StorageFailedException">The medium failed.</exception>
    /// <exception cref="CheckpointSinkException">The sink cannot be read, or what it has is not to be believed.</exception>
    public async ValueTask<LedgerReport> VerifyAsync(LedgerVerification? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new LedgerVerification();
        var newest = _checkpointer is null ? null : await _checkpointer.ReadSinkAsync(cancellationToken).ConfigureAwait(false);
        if (newest is not null) options = options with { Checkpoints = [.. options.Checkpoints, newest] };
        var report = await new LedgerVerifier(_unchecked, options).RunAsync(cancellationToken).ConfigureAwait(false);
        return await new DerivedVerifier(_store, _unchecked, options).AddToAsync(report, cancellationToken).ConfigureAwait(false);
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
            // A leaf takes only what an append does, and what is stored may be anything.
            throw new StoreCorruptedException(Store, $"the event at position {position} is none that a leaf of the Merkle tree can be made of. {flaw.Message}", flaw);
        }
    }
}
