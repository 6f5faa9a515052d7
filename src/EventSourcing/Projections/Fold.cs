namespace EventSourcing;

/// <summary>Reads documents, as of the state that a fold starts from.</summary>
internal delegate ValueTask<IReadOnlyList<byte[]?>> DocumentLoader(
    string model, IReadOnlyList<string> keys, CancellationToken cancellationToken);

/// <summary>What a projection folds.</summary>
/// <param name="Store">The store.</param>
/// <param name="Generation">The generation of the read model.</param>
/// <param name="IsBuilding">Whether that generation is not in place yet.</param>
/// <param name="Events">The events, in order.</param>
/// <param name="Load">Reads the documents.</param>
/// <param name="Parked">The partitions whose events are held back.</param>
/// <param name="Only">The one partition to fold, or null for all.</param>
/// <param name="InOrder">Whether nothing may be done for later events once one has failed.</param>
internal sealed record FoldInput(
    EventStore Store,
    int Generation,
    bool IsBuilding,
    IReadOnlyList<FeedEvent> Events,
    DocumentLoader Load,
    ParkedSet Parked,
    Partition? Only,
    bool InOrder)
{
    /// <summary>Which documents to fold, by their keys; null for all.</summary>
    public Func<string, bool>? Includes { get; init; }

    /// <summary>Records which event the handlers are at; null if that is not needed.</summary>
    public HandlerWatch? Watch { get; init; }

    /// <summary>Gives each delivery of a reactor an object of its own; null if one reactor handles all.</summary>
    public Func<Reactor, DeliveryScope>? Scopes { get; init; }
}

/// <summary>The result of folding a batch.</summary>
/// <param name="Changes">The documents to write.</param>
/// <param name="Failures">What failed, at most once per partition.</param>
/// <param name="Tables">SQL to run, or null.</param>
/// <param name="Reached">If the fold was stopped before the end, the position up to which everything was handled; otherwise null.</param>
internal sealed record Fold(
    IReadOnlyList<DocumentChange> Changes, IReadOnlyList<FoldFailure> Failures, TableWork? Tables = null, long? Reached = null);

/// <summary>An event that could not be folded; the later events of its partition are held back.</summary>
internal sealed record FoldFailure(Partition Partition, FeedEvent Event, Exception Error);

/// <summary>What is parked together: a stream, or a document.</summary>
/// <param name="Kind">Which of the two.</param>
/// <param name="Name">The stream's name or the document's key.</param>
internal readonly record struct Partition(ParkedKind Kind, string Name);

/// <summary>The partitions whose events are held back, and the position from which they are.</summary>
internal sealed class ParkedSet
{
    public static readonly ParkedSet Empty = new();

    private readonly Dictionary<Partition, long> _afters = [];

    public int Count => _afters.Count;

    public void Set(Partition partition, long after) => _afters[partition] = after;

    /// <summary>Whether an event is held back with its partition.</summary>
    public bool Holds(Partition partition, long position) =>
        _afters.Count > 0 && _afters.TryGetValue(partition, out var after) && position > after;
}

internal static class ReadModelCommitExtensions
{
    /// <summary>One commit that does what this one does and then what another does; for drops, creations, aliases and SQL.</summary>
    public static ReadModelCommit Then(this ReadModelCommit first, ReadModelCommit second) => new()
    {
        Drops = [.. first.Drops, .. second.Drops],
        Creates = [.. first.Creates, .. second.Creates],
        Aliases = [.. first.Aliases, .. second.Aliases],
        Tables = first.Tables is null ? second.Tables : second.Tables is null ? first.Tables : async (connection, cancellationToken) =>
        {
            await first.Tables(connection, cancellationToken).ConfigureAwait(false);
            await second.Tables(connection, cancellationToken).ConfigureAwait(false);
        },
    };
}
