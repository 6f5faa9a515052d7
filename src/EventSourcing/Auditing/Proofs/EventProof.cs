namespace EventSourcing.Ledger;

/// <summary>
/// Proof that an event is in the log, with everything known about the event. Made by
/// <see cref="EventLedger.ProveInclusionAsync(long, SignedNote?, CancellationToken)"/>. Immutable.
/// </summary>
public sealed class EventProof
{
    internal EventProof(EventDisclosure @event, InclusionProof inclusion, in MerkleHash root, SignedNote? checkpoint)
    {
        Event = @event;
        Inclusion = inclusion;
        Root = root;
        Checkpoint = checkpoint;
    }

    /// <summary>The event: its leaf, and the data that the leaf's commitments stand for.</summary>
    public EventDisclosure Event { get; }

    /// <summary>The way from the leaf to the root.</summary>
    public InclusionProof Inclusion { get; }

    /// <summary>
    /// The root of the tree of <see cref="InclusionProof.Size"/> leaves; it is that of the checkpoint, if there is one.
    /// </summary>
    public MerkleHash Root { get; }

    /// <summary>
    /// The signed checkpoint of the same size, or <see langword="null"/>: then the root is only the store's current statement.
    /// </summary>
    public SignedNote? Checkpoint { get; }

    /// <summary>The proof as a file that stands alone, for a recipient who has the public key and nothing else.</summary>
    /// <param name="withPayload">
    /// Whether the file also contains the event's data and metadata. Without them it still tells stream, type, id, time, tags
    /// and position, and data and salt that are handed over later can be checked against it.
    /// </param>
    /// <returns>The file; <see cref="EventDisclosure.Open"/> reads the event that it proves.</returns>
    /// <exception cref="InvalidOperationException">There is no signed checkpoint: sign one first.</exception>
    /// <exception cref="ArgumentException">The event is too large for such a file; hand its data over beside it.</exception>
    public TlogProof ToTlogProof(bool withPayload = true) => Checkpoint is { } checkpoint
        ? new TlogProof(Inclusion, checkpoint, (withPayload ? Event : new EventDisclosure(Event.Leaf)).ToBytes())
        : throw new InvalidOperationException(
            $"No signed checkpoint covers position {Event.Leaf.Position} yet. Call EventLedger.SignCheckpointAsync first, "
            + "and prove it again.");
}
