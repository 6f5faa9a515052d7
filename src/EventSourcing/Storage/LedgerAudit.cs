namespace EventSourcing;

/// <summary>
/// A page of the log as it is stored, for verification: nothing is trusted, and what cannot be read is a finding instead of
/// an exception. From one snapshot. Dispose it as one does an <see cref="EventPage"/>.
/// </summary>
/// <param name="Events">The events that can be read, with their seals, in the order of positions. Positions may be missing between them.</param>
/// <param name="Findings">
/// What is wrong with what is stored in the page's range, by position: an event that cannot be read is here only. What
/// follows from the events alone (positions, versions, instants, the tree) is for who verifies to find.
/// </param>
/// <param name="LeafMarks">
/// Of each position of the page from its first on, the first 2 bytes of the leaf's hash as stored when it was appended, as far
/// as the storage keeps such; empty where it keeps none. They tell which event was changed; they are never a reason to
/// believe that none was.
/// </param>
public sealed record LedgerAudit(EventPage Events, IReadOnlyList<LedgerFinding> Findings, ReadOnlyMemory<byte> LeafMarks) : IDisposable
{
    /// <summary>The length of a leaf mark in bytes.</summary>
    public const int LeafMarkLength = 2;

    /// <summary>The stored tiles that are completed by a position of the page, up to <see cref="EventPage.Next"/>, as far as they are there and can be read.</summary>
    public IReadOnlyList<MerkleTile> Tiles { get; init; } = [];

    /// <summary>The frontier as it is stored, which may lack leaves after the last complete tile; <see langword="null"/> where it cannot be read, which is for <see cref="ILedgerStorage.AuditStructureAsync"/> to find.</summary>
    public MerkleFrontier? Frontier { get; init; }

    /// <inheritdoc/>
    public void Dispose() => Events.Dispose();
}
