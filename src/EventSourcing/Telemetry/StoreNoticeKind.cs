namespace EventSourcing.Operations;

/// <summary>What a <see cref="StoreNotice"/> is about.</summary>
public enum StoreNoticeKind
{
    /// <summary>A projection or reactor runs in this process from now on. Nobody ran it before, or whoever did has released it.</summary>
    Started = 0,

    /// <summary>A projection or reactor runs in this process from now on. It was taken over from a process that is gone.</summary>
    TakenOver = 1,

    /// <summary>Another process has taken a projection or reactor over from this one, which stands by from now on.</summary>
    Lost = 2,

    /// <summary>An event has failed, and is tried again. Its stream or document waits.</summary>
    Retrying = 3,

    /// <summary>An event has failed for the last time: its stream or document is parked until somebody resumes or skips it.</summary>
    Parked = 4,

    /// <summary>A stream or document that was held back has caught up.</summary>
    Released = 5,

    /// <summary>The storage has failed under a projection or reactor, which tries again.</summary>
    StorageFailed = 6,

    /// <summary>A projection or reactor goes on after the storage had failed.</summary>
    StorageRecovered = 7,

    /// <summary>A projection or reactor has failed. It does nothing until it is started again.</summary>
    Failed = 8,

    /// <summary>A projection or reactor was stopped by an order.</summary>
    Stopped = 9,

    /// <summary>Another version of a projection serves, so this one stands by.</summary>
    Replaced = 10,

    /// <summary>A new read model is being built beside the one that serves.</summary>
    RebuildStarted = 11,

    /// <summary>A new read model has been built, and serves from now on.</summary>
    Rebuilt = 12,

    /// <summary>A handler did not end when its projection or reactor was stopped, and was given up.</summary>
    HandlerAbandoned = 13,

    /// <summary>A checkpoint could not be signed or written. It is tried again.</summary>
    CheckpointFailed = 14,

    /// <summary>A stored snapshot was not used, or one that was due was not written. No result depends on it.</summary>
    SnapshotRejected = 15,

    /// <summary>An event has failed while one document was rebuilt by an order. The old document stays, and the order has ended.</summary>
    DocumentRebuildFailed = 16,
}
