namespace EventSourcing.Ledger;

/// <summary>
/// The sink of a log's checkpoints cannot be read or written, or its content cannot be trusted. A store is not served before it
/// was compared with its sink; the next call tries again.
/// </summary>
public sealed class CheckpointSinkException : EventSourcingException
{
    private CheckpointSinkException(string origin, string what, string reason, string whatToDo, Exception? innerException)
        : base(
            $"The checkpoints of '{Names.Printable(origin)}' cannot be {what}: {reason} No event was touched. {whatToDo}", innerException)
    {
        Origin = origin;
        Reason = reason;
    }

    internal static CheckpointSinkException NotRead(string origin, string reason, Exception failure) =>
        new(origin, "read", reason, "Make the sink accessible.", failure);

    internal static CheckpointSinkException NotWritten(string origin, string reason, Exception? failure = null) => new(
        origin,
        "written",
        reason,
        "The log goes on without a newer checkpoint. Make the sink accessible; the next signing covers all events until then.",
        failure);

    internal static CheckpointSinkException NotTrusted(string origin, string reason, Exception doubt) =>
        new(origin, "trusted", reason, "Give the keys that have signed (LedgerOptions.Verifiers), or the right sink.", doubt);

    /// <summary>The log.</summary>
    public string Origin { get; }

    /// <summary>What is wrong, as a sentence.</summary>
    public string Reason { get; }
}
