namespace EventSourcing;

/// <summary>What a run that stands by needs to know about all projections, from one look.</summary>
/// <param name="Head">The head of the log.</param>
/// <param name="Order">Differs from one order to the next.</param>
/// <param name="Runs">All runs, by key.</param>
/// <param name="Holders">All lease holders, by id. If the owner of a run is alive, it is among them.</param>
/// <param name="Refolds">The projections that have documents to rebuild.</param>
internal sealed record ControlView(
    long Head,
    string Order,
    IReadOnlyDictionary<string, ReadDocument<RunRecord>> Runs,
    IReadOnlyDictionary<string, ReadDocument<LeaseHolderRecord>> Holders,
    IReadOnlySet<string> Refolds)
{
    /// <summary>Whether the projection of a run has a document to rebuild.</summary>
    public bool IsOrdered(string runKey) => Refolds.Count > 0 && Refolds.Contains(runKey[..runKey.LastIndexOf('@')]);
}
