namespace EventSourcing;

/// <summary>
/// What every projection has: a name under which its read model and checkpoint are kept, and the events it looks at.
/// Derive from <see cref="Projection{TDocument}"/>.
/// </summary>
public abstract class Projection
{
    private protected Projection()
    {
    }

    /// <summary>
    /// The name of the read model in the store: by default the class's name. Give another name to fold the log afresh,
    /// say after changing what the projection computes.
    /// </summary>
    public virtual string Name => GetType().Name;

    /// <summary>The events to look at, chosen in the storage; by default all.</summary>
    public virtual EventQuery Filter => EventQuery.All;

    /// <exception cref="NotSupportedException">JSON cannot handle the document.</exception>
    internal abstract void ThrowIfJsonCannotHandleIt(EventStore store);

    /// <summary>Folds a page into changes of documents; nothing is written yet.</summary>
    internal abstract ValueTask<IReadOnlyList<DocumentChange>> FoldAsync(EventStore store, EventPage page, CancellationToken cancellationToken);
}
