namespace EventSourcing;

/// <summary>What a run that stands by needs to know of all projections, from one look.</summary>
/// <param name="Head">The head of the log.</param>
/// <param name="Order">Tells one order from the next.</param>
/// <param name="Runs">All runs, by key.</param>
/// <param name="Holders">All lease holders, by id. Each that owns one of the runs is among them if it is alive.</param>
/// <param name="Refolds">The projections of which documents are to be built anew.</param>
internal sealed record ControlView(
    long Head,
    string Order,
    IReadOnlyDictionary<string, ReadDocument<RunRecord>> Runs,
    IReadOnlyDictionary<string, ReadDocument<LeaseHolderRecord>> Holders,
    IReadOnlySet<string> Refolds)
{
    /// <summary>Whether a document is to be built anew of the projection that a run is of.</summary>
    public bool IsOrdered(string runKey) => Refolds.Count > 0 && Refolds.Contains(runKey[..runKey.LastIndexOf('@')]);
}
