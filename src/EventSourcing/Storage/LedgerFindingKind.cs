namespace EventSourcing.Ledger;

/// <summary>The kinds of <see cref="LedgerFinding"/>.</summary>
public enum LedgerFindingKind
{
    /// <summary>
    /// The tree has another root than a checkpoint says: events up to its size were changed, added, removed or moved since.
    /// </summary>
    CheckpointMismatch = 1,

    /// <summary>The log is shorter than a checkpoint says: events were removed from its end, or an older copy was restored.</summary>
    Truncated = 2,

    /// <summary>There is no event at a position below the head.</summary>
    EventMissing = 3,

    /// <summary>
    /// The stored form of an event is not one that the library writes: a value has another storage class, a name is missing,
    /// tags are not a list.
    /// </summary>
    EventUnreadable = 4,

    /// <summary>An event's leaf is not the one that was stored when it was appended: some part of it was changed.</summary>
    EventChanged = 5,

    /// <summary>An event's version does not follow that of the event before it in its stream.</summary>
    VersionOutOfOrder = 6,

    /// <summary>An event's time is earlier than that of the event at the previous position.</summary>
    TimeOutOfOrder = 7,

    /// <summary>A stored hash of the tree is missing or does not follow from the events.</summary>
    TreeMismatch = 8,

    /// <summary>An event's payload was erased, but no event records that.</summary>
    ErasureNotRecorded = 9,

    /// <summary>An event records that a payload was erased, but the payload is still there, or the event does not exist.</summary>
    ErasureNotDone = 10,

    /// <summary>The storage's own marks or definitions (schema, triggers, header) are not those it was created with.</summary>
    SchemaChanged = 11,

    /// <summary>An index or a side table disagrees with the events.</summary>
    IndexMismatch = 12,

    /// <summary>The medium's own check of its structure failed, or a part of it cannot be read.</summary>
    StructureDamaged = 13,

    /// <summary>
    /// A snapshot differs from the replay of its stream; <see cref="LedgerFinding.Position"/> is the position at which it was
    /// taken.
    /// </summary>
    SnapshotMismatch = 14,

    /// <summary>
    /// A document differs from the fold of the log; <see cref="LedgerFinding.Position"/> is the position up to which the read
    /// model has come.
    /// </summary>
    ReadModelMismatch = 15,
}
