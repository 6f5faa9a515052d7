namespace EventSourcing;

/// <summary>
/// One write has spoiled the writer's transaction: the app's own SQL has ended it, or a write was refused half-way. Nothing
/// was committed. The other writes of the group can begin again.
/// </summary>
internal sealed class TransactionLostException(Exception error) : Exception(error.Message, error)
{
    /// <summary>The write that caused it.</summary>
    public WriteWork? Work { get; set; }

    /// <summary>The error that its caller gets.</summary>
    public Exception Error => InnerException!;
}
