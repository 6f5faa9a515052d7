namespace EventSourcing;

/// <summary>
/// One work has spoiled the writer's transaction: the app's own SQL has ended it, or a write was refused half-way. Nothing was
/// committed. The others in it can begin again.
/// </summary>
internal sealed class TransactionLostException(Exception error) : Exception(error.Message, error)
{
    /// <summary>The work whose doing it was.</summary>
    public WriteWork? Work { get; set; }

    /// <summary>What its caller is told.</summary>
    public Exception Error => InnerException!;
}
