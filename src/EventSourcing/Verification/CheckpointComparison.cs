namespace EventSourcing;

/// <summary>Compares the tree with a checkpoint whenever it has the checkpoint's size.</summary>
internal sealed class CheckpointComparison
{
    private readonly Checkpoint[] _checkpoints;
    private readonly List<Checkpoint> _mismatches = [];
    private readonly List<long> _agreed = [0];
    private long _knownUpTo;
    private int _next;

    /// <param name="checkpoints">The checkpoints. One that comes twice, from the app and from the sink, is compared once.</param>
    public CheckpointComparison(IEnumerable<Checkpoint> checkpoints) =>
        _checkpoints = [.. checkpoints.DistinctBy(checkpoint => (checkpoint.Size, checkpoint.Root)).OrderBy(checkpoint => checkpoint.Size)];

    /// <summary>The size of the next checkpoint not compared yet.</summary>
    public long NextSize => _next < _checkpoints.Length ? _checkpoints[_next].Size : long.MaxValue;

    /// <summary>How many checkpoints there are to compare with.</summary>
    public int Count => _checkpoints.Length;

    /// <summary>The size of the newest checkpoint that agrees; 0 if none does.</summary>
    public long AgreedUpTo => _agreed[^1];

    /// <summary>Compares the checkpoints before the beginning of the verification with the stored tree.</summary>
    public async ValueTask CompareStoredAsync(IMerkleHashes hashes, long before, CancellationToken cancellationToken)
    {
        while (NextSize < before)
        {
            var root = (await MerkleFrontier.ReadAsync(hashes, NextSize, cancellationToken).ConfigureAwait(false)).Root();
            Compare(root, static (_, _) => false, state: 0);
        }
    }

    /// <summary>Compares all checkpoints of the tree's size.</summary>
    public void Compare(RecomputedTree tree) => Compare(tree.Root(), static (root, tree) => tree.WasOnce(root), tree);

    /// <summary>
    /// Reports the checkpoints that do not agree. The range of a finding begins after the newest checkpoint that agrees. If the
    /// stored tree still has the root of a later checkpoint, then up to that checkpoint only events that do not match the stored
    /// tree can have been changed.
    /// </summary>
    /// <param name="findings">Takes what does not agree.</param>
    /// <param name="head">The last position.</param>
    /// <param name="isOnlyTruncated">Whether the stored tree shows that the events up to the head are the original ones.</param>
    public void Complete(FindingList findings, long head, bool isOnlyTruncated)
    {
        foreach (var checkpoint in _mismatches) findings.AddFirst(Mismatch(checkpoint, findings));
        if (_next == _checkpoints.Length) return;

        // No checkpoint covers what lies between the newest checkpoint that agrees and the log's end.
        var agreed = _agreed[^1];
        var from = isOnlyTruncated && findings.FirstSuspect(agreed, head) == 0 ? head + 1 : FirstInDoubt(findings, agreed, head);
        for (; _next < _checkpoints.Length; _next++)
        {
            var size = _checkpoints[_next].Size;
            var others = from > head ? "" : $" The events from position {from} on may not be the original ones.";
            findings.AddFirst(new LedgerFinding(
                LedgerFindingKind.Truncated,
                from,
                size,
                null,
                $"The log ends at position {head}, but a checkpoint was made of {size} events: events were removed from its end, "
                + $"or an older copy was restored.{others}"));
        }
    }

    private void Compare<TState>(in MerkleHash root, Func<MerkleHash, TState, bool> wasOnce, TState state)
    {
        // The log may end at the highest possible position; without a further checkpoint, NextSize has that value too.
        for (var size = NextSize; _next < _checkpoints.Length && NextSize == size; _next++)
        {
            var checkpoint = _checkpoints[_next];
            var agrees = checkpoint.Root == root;
            if (agrees) _agreed.Add(size);
            else _mismatches.Add(checkpoint);
            if (agrees || wasOnce(checkpoint.Root, state)) _knownUpTo = size;
        }
    }

    /// <summary>The first position, after those of a checkpoint that agrees, whose event is not shown to be the original.</summary>
    private long FirstInDoubt(FindingList findings, long agreed, long upTo)
    {
        var known = Math.Min(_knownUpTo, upTo);
        return findings.FirstSuspect(agreed, known) is > 0 and var suspect ? suspect : Math.Max(agreed, known) + 1;
    }

    private LedgerFinding Mismatch(Checkpoint checkpoint, FindingList findings)
    {
        var agreed = _agreed.FindLast(size => size < checkpoint.Size);
        var from = FirstInDoubt(findings, agreed, checkpoint.Size);
        if (from > checkpoint.Size) from = agreed + 1; // a later checkpoint agrees, and contradicts this one
        return new LedgerFinding(
            LedgerFindingKind.CheckpointMismatch,
            from,
            checkpoint.Size,
            null,
            $"The tree over the first {checkpoint.Size} events has another root than the checkpoint of that size says: "
            + $"among positions {from} to {checkpoint.Size} events were changed, added, removed or moved since.");
    }
}
