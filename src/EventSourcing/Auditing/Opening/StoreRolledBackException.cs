using System.Globalization;

namespace EventSourcing;

/// <summary>
/// The store has lost events: its log is shorter than it was, or has another history. An older copy was restored, a write-ahead log was
/// lost, a replica that lacked events has become the primary, or events were changed together with the tree. It serves nothing: every
/// call throws this.
/// </summary>
/// <remarks>
/// It is found by a signed checkpoint with which the store does not agree (<see cref="Checkpoint"/> says which), or by a storage in use
/// that misses an event which it has appended or read (<see cref="EventId"/> says which). In the first case every call on the
/// <see cref="EventStore"/> throws it until the right store is put back. In the second case it is the storage that is in use which
/// refuses, because what the process knows is of a history that is gone; one that is opened anew serves what is there.
/// </remarks>
public sealed class StoreRolledBackException : EventSourcingException
{
    /// <summary>Creates the error of a storage in use that misses an event which it has appended or read.</summary>
    /// <param name="store">The store, for example its server and schema.</param>
    /// <param name="position">The position that the event had.</param>
    /// <param name="eventId">The id of the event.</param>
    /// <param name="head">The position of the store's last event now.</param>
    public StoreRolledBackException(string store, long position, Guid eventId, long head)
        : base(string.Create(
            CultureInfo.InvariantCulture,
            $"The store '{store}' has lost events: the event {eventId} was at position {position} when this process appended or read it, ")
            + (head < position ? string.Create(CultureInfo.InvariantCulture, $"and the log ends at {head} now. ")
                : "and another event is there now. ")
            + "The server was restored to an older state, or a replica without that event has become the primary. "
            + "This storage serves nothing any more, since what the process knows is of a history that is gone. "
            + "Find out what else is missing (Ledger.VerifyAsync, with the checkpoints that you keep), then open the store anew.")
    {
        Store = store;
        Position = position;
        EventId = eventId;
        Head = head;
    }

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

    /// <summary>
    /// The signed state of the store: the log, the number of its events, and the root. <see langword="null"/> if a missing event was found
    /// and not a checkpoint.
    /// </summary>
    public Checkpoint? Checkpoint { get; }

    /// <summary>The position of the store's last event.</summary>
    public long Head { get; }

    /// <summary>
    /// The root of the store's tree at the checkpoint's size; <see langword="null"/> if it has fewer events, or no checkpoint was compared.
    /// </summary>
    public MerkleHash? Root { get; }

    /// <summary>The store, if it was a storage in use that found it.</summary>
    public string? Store { get; }

    /// <summary>The position that the missing event had, if it was a storage in use that found it.</summary>
    public long? Position { get; }

    /// <summary>The id of the missing event, if it was a storage in use that found it.</summary>
    public Guid? EventId { get; }

    private static string Found(Checkpoint checkpoint, long head, MerkleHash? root) => root is { } other
        ? $"the root of its first {checkpoint.Size} events, of {head}, is {StrictText.Base64Of(other)}"
        : $"it has {head} events";
}
