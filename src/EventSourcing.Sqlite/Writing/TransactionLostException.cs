namespace EventSourcing;

/// <summary>The app's own SQL has ended the writer's transaction. Nothing was committed; the others in it can begin again.</summary>
internal sealed class TransactionLostException(InvalidOperationException error) : Exception(error.Message, error)
{
    /// <summary>The work whose SQL it was.</summary>
    public WriteWork? Work { get; set; }

    public InvalidOperationException Error => error;
}
