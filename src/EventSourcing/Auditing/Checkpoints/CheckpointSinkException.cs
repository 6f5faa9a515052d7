namespace EventSourcing.Ledger;

/// <summary>
/// The sink of a log's checkpoints cannot be read or written, or its content cannot be trusted. A store is not served before it
/// was compared with its sink; the next call tries again.
/// </summary>
public sealed class CheckpointSinkException : EventSourcingException
{
    internal CheckpointSinkException(string origin, string reason, Exception? innerException = null)
        : base(
            $"The checkpoints of '{Names.Printable(origin)}' cannot be read or trusted: {reason} No event was touched. "
            + "Make the sink accessible, or give the keys that have signed (LedgerOptions.Verifiers).",
            innerException)
    {
        Origin = origin;
        Reason = reason;
    }

    /// <summary>The log.</summary>
    public string Origin { get; }

    /// <summary>What is wrong, as a sentence.</summary>
    public string Reason { get; }
}
