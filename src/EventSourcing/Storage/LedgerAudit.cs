namespace EventSourcing.Storage;

/// <summary>
/// A page of the log as it is stored, for verification: nothing is trusted, and unreadable data is a finding instead of an
/// exception. From one snapshot. Dispose it like an <see cref="EventPage"/>.
/// </summary>
/// <param name="Events">
/// The events that can be read, with their seals, in the order of positions. Positions may be missing between them.
/// </param>
/// <param name="Findings">
/// What is wrong with the data stored in the page's range, by position. An event that cannot be read appears only here. The
/// verifier checks what follows from the events alone (positions, versions, instants, the tree).
/// </param>
/// <param name="LeafMarks">
/// For each position of the page, from its first: the first 2 bytes of the leaf's hash, as stored when the event was appended,
/// if the storage keeps such marks; empty if it keeps none. They tell which event was changed; they never prove that none was.
/// </param>
public sealed record LedgerAudit(EventPage Events, IReadOnlyList<LedgerFinding> Findings, ReadOnlyMemory<byte> LeafMarks) : IDisposable
{
    /// <summary>The length of a leaf mark in bytes.</summary>
    public const int LeafMarkLength = 2;

    /// <summary>
    /// The stored tiles that a position of the page completes, up to <see cref="EventPage.Next"/>; without those that are
    /// missing or cannot be read.
    /// </summary>
    public IReadOnlyList<MerkleTile> Tiles { get; init; } = [];

    /// <summary>
    /// The stored frontier, which may lack leaves after the last complete tile. <see langword="null"/> if it cannot be read;
    /// <see cref="ILedgerStorage.AuditStructureAsync"/> reports that.
    /// </summary>
    public MerkleFrontier? Frontier { get; init; }

    /// <inheritdoc/>
    public void Dispose() => Events.Dispose();
}
