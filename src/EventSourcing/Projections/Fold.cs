namespace EventSourcing;

/// <summary>Reads documents as of the state that a fold starts from.</summary>
internal delegate ValueTask<IReadOnlyList<byte[]?>> DocumentLoader(
    string model, IReadOnlyList<string> keys, CancellationToken cancellationToken);

/// <summary>What a projection folds.</summary>
/// <param name="Store">The store.</param>
/// <param name="Generation">The generation of the read model.</param>
/// <param name="IsBuilding">Whether that generation is not in place yet.</param>
/// <param name="Events">The events, in order.</param>
/// <param name="Load">Where the documents are.</param>
/// <param name="Parked">Partitions of which events are held back.</param>
/// <param name="Only">The one partition to fold, or null for all.</param>
/// <param name="InOrder">Whether nothing may be done for later events once one has failed.</param>
internal sealed record FoldInput(EventStore Store, int Generation, bool IsBuilding, IReadOnlyList<FeedEvent> Events, DocumentLoader Load, ParkedSet Parked, Partition? Only, bool InOrder)
{
    /// <summary>Which documents to fold, by their keys; null for all.</summary>
    public Func<string, bool>? Includes { get; init; }

    /// <summary>Is told at which event the handlers are; null if nobody asks.</summary>
    public HandlerWatch? Watch { get; init; }
}

/// <summary>What came of folding a batch.</summary>
/// <param name="Changes">The documents to write.</param>
/// <param name="Failures">What failed, at most once per partition.</param>
/// <param name="Tables">SQL to run, or null.</param>
/// <param name="Reached">The position up to which everything was dealt with, where it was stopped before the end; null if it was not.</param>
internal sealed record Fold(
    IReadOnlyList<DocumentChange> Changes, IReadOnlyList<FoldFailure> Failures, TableWork? Tables = null, long? Reached = null);

/// <summary>An event that could not be folded; its partition's later events are held back behind it.</summary>
internal sealed record FoldFailure(Partition Partition, FeedEvent Event, Exception Error);

/// <summary>What is parked together: a stream, or a document.</summary>
/// <param name="Kind">Which of the two.</param>
/// <param name="Name">The stream's name or the document's key.</param>
internal readonly record struct Partition(ParkedKind Kind, string Name);

/// <summary>The partitions of which events are held back, and from where on.</summary>
internal sealed class ParkedSet
{
    public static readonly ParkedSet Empty = new();

    private readonly Dictionary<Partition, long> _afters = [];

    public int Count => _afters.Count;

    public void Set(Partition partition, long after) => _afters[partition] = after;

    /// <summary>Whether an event is held back with its partition.</summary>
    public bool Holds(Partition partition, long position) => _afters.Count > 0 && _afters.TryGetValue(partition, out var after) && position > after;
}

internal static class ReadModelCommitExtensions
{
    /// <summary>One commit that does what this one does and then what another does; of drops, creations, aliases and SQL.</summary>
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
