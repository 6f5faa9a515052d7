namespace EventSourcing.Ledger;

/// <summary>One thing that is wrong with a store, and the event concerned.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Position">The first position that is wrong, or that may be; 0 if the finding concerns no position.</param>
/// <param name="UpTo">
/// The last position that may be wrong, if only a range is known; otherwise equal to <paramref name="Position"/>.
/// </param>
/// <param name="Stream">The stream of the event, if it is known.</param>
/// <param name="Description">What was found and what was expected, as one readable sentence.</param>
public sealed record LedgerFinding(LedgerFindingKind Kind, long Position, long UpTo, string? Stream, string Description)
{
    /// <summary>
    /// The read model concerned, or the one that contains the snapshots; <see langword="null"/> if the finding concerns the
    /// log.
    /// </summary>
    public string? ReadModel { get; init; }

    /// <summary>The key of the document concerned; <see langword="null"/> if there is none or it is not known.</summary>
    public string? Document { get; init; }
}
