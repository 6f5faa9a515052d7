namespace EventSourcing;

/// <summary>What is wrong with a store, at which event.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Position">The first position that is wrong, or that may be; 0 where it is none of a position.</param>
/// <param name="UpTo">The last position that may be wrong, where no more than a range is known; else equal to <paramref name="Position"/>.</param>
/// <param name="Stream">The stream of the event, where it is known.</param>
/// <param name="Description">What was found and what was expected, as one sentence for people.</param>
public sealed record LedgerFinding(LedgerFindingKind Kind, long Position, long UpTo, string? Stream, string Description)
{
    /// <summary>The read model that is concerned, or the one that holds the snapshots; <see langword="null"/> where it is about the log.</summary>
    public string? ReadModel { get; init; }

    /// <summary>The key of the document that is concerned; <see langword="null"/> where it is none or not known.</summary>
    public string? Document { get; init; }
}
