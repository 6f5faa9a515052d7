namespace EventSourcing;

/// <summary>The findings of a verification: the first ones, and how many there are in all.</summary>
internal sealed class FindingList
{
    private const int MaxListed = 10_000;
    private readonly List<LedgerFinding> _listed = [];

    /// <summary>How many there are, listed or not.</summary>
    public int Count { get; private set; }

    public int Unlisted => Count - _listed.Count;

    public void Add(LedgerFinding finding)
    {
        if (finding.Kind == LedgerFindingKind.StructureDamaged && _listed.Contains(finding))
            return; // every part of an unreadable file reports it
        Count++;
        if (_listed.Count < MaxListed) _listed.Add(finding);
    }

    public void Add(LedgerFindingKind kind, long position, long upTo, string? stream, string description) =>
        Add(new LedgerFinding(kind, position, upTo, stream, description));

    public void Add(LedgerFindingKind kind, long position, string? stream, string description) =>
        Add(new LedgerFinding(kind, position, position, stream, description));

    /// <summary>Adds a finding that says how much of the log is affected; these are few and always listed.</summary>
    public void AddFirst(LedgerFinding finding)
    {
        Count++;
        _listed.Add(finding);
    }

    /// <summary>
    /// The first position after <paramref name="after"/>, up to <paramref name="upTo"/>, whose event or stored hash was
    /// changed; 0 if there is none.
    /// </summary>
    public long FirstSuspect(long after, long upTo)
    {
        var first = 0L;
        foreach (var finding in _listed)
        {
            var isSuspect = finding.Kind is LedgerFindingKind.EventMissing or LedgerFindingKind.EventUnreadable
                or LedgerFindingKind.EventChanged or LedgerFindingKind.TreeMismatch or LedgerFindingKind.StructureDamaged;
            if (!isSuspect || finding.UpTo <= after || finding.Position > upTo || finding.Position == 0) continue;
            var position = Math.Max(finding.Position, after + 1);
            if (first == 0 || position < first) first = position;
        }

        return first;
    }

    public IReadOnlyList<LedgerFinding> InOrder() =>
        [.. _listed.OrderBy(finding => finding.Position).ThenBy(finding => finding.UpTo).ThenBy(finding => finding.Kind)];
}
