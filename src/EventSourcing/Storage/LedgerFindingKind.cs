namespace EventSourcing;

/// <summary>The kinds of <see cref="LedgerFinding"/>.</summary>
public enum LedgerFindingKind
{
    /// <summary>The tree has another root than a checkpoint says: events up to its size were changed, added, removed or moved since.</summary>
    CheckpointMismatch = 1,

    /// <summary>The log is shorter than a checkpoint says: events were removed from its end, or an older copy was restored.</summary>
    Truncated = 2,

    /// <summary>There is no event at a position below the head.</summary>
    EventMissing = 3,

    /// <summary>What is stored of an event is none that the library writes: a value of another class, a name that is not there, tags that are no list.</summary>
    EventUnreadable = 4,

    /// <summary>An event's leaf is not the one that was stored when it was appended: some part of it was changed.</summary>
    EventChanged = 5,

    /// <summary>An event's version is not the one after that of its stream's event before.</summary>
    VersionOutOfOrder = 6,

    /// <summary>An event was recorded before the one at the position before.</summary>
    TimeOutOfOrder = 7,

    /// <summary>A stored hash of the tree is missing or is not that of the events.</summary>
    TreeMismatch = 8,

    /// <summary>An event's payload was erased, but no event records that.</summary>
    ErasureNotRecorded = 9,

    /// <summary>An event records that a payload was erased, but it is there, or no such event is.</summary>
    ErasureNotDone = 10,

    /// <summary>The storage's own marks or definitions (schema, triggers, header) are not those that it was made with.</summary>
    SchemaChanged = 11,

    /// <summary>An index or a side table says something else than the events.</summary>
    IndexMismatch = 12,

    /// <summary>The medium's own check of its structure failed, or a part of it cannot be read.</summary>
    StructureDamaged = 13,

    /// <summary>A snapshot is not what replaying its stream leads to; <see cref="LedgerFinding.Position"/> is where it was taken.</summary>
    SnapshotMismatch = 14,

    /// <summary>A document is not what folding the log leads to; <see cref="LedgerFinding.Position"/> is how far the read model is.</summary>
    ReadModelMismatch = 15,
}
