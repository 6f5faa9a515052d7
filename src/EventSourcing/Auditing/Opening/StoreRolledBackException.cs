namespace EventSourcing;

/// <summary>
/// The store does not agree with a signed checkpoint: its log is shorter, or has another history. An older copy was restored, a
/// write-ahead log was lost, or events were changed together with the tree. It serves nothing: every call on the
/// <see cref="EventStore"/> throws this.
/// </summary>
public sealed class StoreRolledBackException : EventSourcingException
{
    internal StoreRolledBackException(Checkpoint checkpoint, long head, MerkleHash? root)
        : base(
            $"The store is not '{Names.Printable(checkpoint.Origin)}' as of its checkpoint of {checkpoint.Size} events with the root "
            + $"{StrictText.Base64Of(checkpoint.Root)}: {Found(checkpoint, head, root)}. It serves nothing. "
            + "Put back the right file with all that belongs to it (for SQLite also the -wal file) and open it again. "
            + "To find out what changed, run Ledger.VerifyAsync. To read it all the same, open it without LedgerOptions. "
            + "If the rollback is intended, treat it as a new log: give it another Origin and Sink.")
    {
        Checkpoint = checkpoint;
        Head = head;
        Root = root;
    }

    /// <summary>The signed state of the store: the log, the number of its events, and the root.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>The position of the store's last event.</summary>
    public long Head { get; }

    /// <summary>The root of the store's tree at the checkpoint's size; <see langword="null"/> if it has fewer events.</summary>
    public MerkleHash? Root { get; }

    private static string Found(Checkpoint checkpoint, long head, MerkleHash? root) => root is { } other
        ? $"the root of its first {checkpoint.Size} events, of {head}, is {StrictText.Base64Of(other)}"
        : $"it has {head} events";
}
