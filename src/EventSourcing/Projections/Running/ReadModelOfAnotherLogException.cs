namespace EventSourcing;

/// <summary>
/// A read model was made from another log than the one beside it: an older copy was restored, events were changed or removed by other
/// means, or it belongs to another store. The projection has stopped, or the append with it is refused; nothing was written.
/// </summary>
public sealed class ReadModelOfAnotherLogException : EventSourcingException
{
    internal ReadModelOfAnotherLogException(string projection, long readModelPosition, string reason)
        : base(
            $"The read model of '{projection}', at position {readModelPosition}, was made from another log than this one: {reason}. "
            + "It goes no further, and is as it was; nothing was written. Find out what became of the log "
            + "(EventStore.Ledger.VerifyAsync); if it is the right one, rebuild the projection.")
    {
        Projection = projection;
        Position = readModelPosition;
    }

    /// <summary>The projection.</summary>
    public string Projection { get; }

    /// <summary>The position up to which events are in the read model.</summary>
    public long Position { get; }
}
