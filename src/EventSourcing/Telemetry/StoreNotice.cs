namespace EventSourcing.Operations;

/// <summary>
/// Something that a store did by itself and that an operator may want to know: see <see cref="EventStoreOptions.Notices"/>. It carries
/// names, positions and types of errors. It never carries payloads or messages of exceptions, since those may contain payloads: the
/// status of a projection has them (<see cref="ProjectionStatus.LastError"/>, <see cref="ProjectionStatus.ParkedEvents"/>).
/// </summary>
/// <param name="Kind">What has happened.</param>
/// <param name="Store">The name of the store (<see cref="EventStoreOptions.Name"/>).</param>
/// <param name="Subject">
/// The name of the projection or reactor; for a checkpoint its origin, for a snapshot its stream.
/// </param>
/// <param name="At">When, by the storage's clock.</param>
public sealed record StoreNotice(StoreNoticeKind Kind, string Store, string Subject, DateTimeOffset At)
{
    /// <summary>The stream or the key of the document that is held back or was released; otherwise <see langword="null"/>.</summary>
    public string? Partition { get; init; }

    /// <summary>The position of the event that failed, or that was reached; 0 if it is about none.</summary>
    public long Position { get; init; }

    /// <summary>How often that event, or the storage, has failed in a row; 0 if nothing has failed.</summary>
    public int Attempts { get; init; }

    /// <summary>When it is tried again; <see langword="null"/> if it is not tried again without an order.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>
    /// The full name of the error's type, or the reason for which a snapshot was rejected; otherwise <see langword="null"/>.
    /// </summary>
    public string? Reason { get; init; }

    /// <summary>The machine of the process that ran it before; <see langword="null"/> if that is not known.</summary>
    public string? Machine { get; init; }

    /// <summary>The id of the process that ran it before; 0 if that is not known.</summary>
    public int ProcessId { get; init; }
}
