namespace EventSourcing;

/// <summary>One run of a verification.</summary>
internal sealed class LedgerVerifier(IEventStorage storage, LedgerVerification options)
{
    private const int PageLimit = 8192;
    private const long EventsBetweenReports = 10_000;

    private readonly FindingList _findings = new();
    private CheckpointComparison _checkpoints = null!;
    private RecomputedTree _tree = null!;
    private StreamVersions _versions = null!;
    private Erasures _erasures = null!;
    private DateTimeOffset? _lastRecordedAt;
    private long _trustedUpTo;
    private long _reportedAt;

    public async ValueTask<LedgerReport> RunAsync(CancellationToken cancellationToken)
    {
        var beginning = await BeginAsync(cancellationToken).ConfigureAwait(false);
        using var tree = new RecomputedTree(_findings, beginning);
        _tree = tree;
        _versions = new StreamVersions(storage, _findings);
        _erasures = new Erasures(storage, _findings, _trustedUpTo);
        foreach (var finding in await storage.Ledger.AuditStructureAsync(
            isWhole: beginning.Size == 0, cancellationToken).ConfigureAwait(false))
            _findings.Add(finding);

        // Events may be appended during the verification, so the frontier and the end are taken from the first page. If a payload is
        // erased during it, the record lies beyond that end, but not beyond the head of the page that shows the event as erased.
        var (end, isExtended) = (0L, false);
        for (var isFirst = true; ; isFirst = false)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var after = _tree.Size;
            using var page = await storage.Ledger.AuditAsync(after, PageLimit, cancellationToken).ConfigureAwait(false);
            if (isFirst)
            {
                if (page.Frontier is { } frontier) _tree.Expect(frontier);
                end = _erasures.RequiredUpTo = page.Events.Head;
                CompareAtSize();
            }

            Examine(page);
            await _versions.AskAsync(cancellationToken).ConfigureAwait(false);
            await _erasures.AskAsync(cancellationToken).ConfigureAwait(false);
            if (page.Events.IsEnd || _tree.Size == after) break;
            if (_tree.Size >= end)
            {
                if (_erasures.Unrecorded == 0 || isExtended) break;
                (end, isExtended) = (page.Events.Head, true);
            }

            if (_tree.Size - _reportedAt >= EventsBetweenReports) Report(page.Events.Head);
        }

        return Complete();
    }

    /// <summary>
    /// The tree from which the recomputation begins: the empty one, or the stored one at a size before the checkpoint to start from.
    /// </summary>
    private async ValueTask<MerkleFrontier> BeginAsync(CancellationToken cancellationToken)
    {
        _checkpoints = new CheckpointComparison(options.From is null ? options.Checkpoints : [.. options.Checkpoints, options.From]);
        if (options.From is not { } from) return new MerkleFrontier();
        try
        {
            // One event before the checkpoint's last is read too, because later ones must not be older. A stored frontier lacks
            // at most what comes after the last complete tile, so its size is reached.
            var head = await storage.GetHeadAsync(cancellationToken).ConfigureAwait(false);
            var size = Math.Max(0, Math.Min(from.Size - 1, head)) / MerkleTree.TileWidth * MerkleTree.TileWidth;
            if (head < from.Size || size == 0) return new MerkleFrontier();
            var beginning = await MerkleFrontier.ReadAsync(storage.Ledger, size, cancellationToken).ConfigureAwait(false);
            await _checkpoints.CompareStoredAsync(storage.Ledger, before: size, cancellationToken).ConfigureAwait(false);
            _trustedUpTo = from.Size;
            _reportedAt = size;
            return beginning;
        }
        catch (EventSourcingException refusal) when (refusal is not StoreBusyException)
        {
            _checkpoints = new CheckpointComparison([.. options.Checkpoints, from]);
            _findings.Add(
                LedgerFindingKind.TreeMismatch,
                0,
                null,
                $"The stored tree cannot be read, so the whole log was verified: {refusal.Message}");
            return new MerkleFrontier();
        }
    }

    private void Examine(LedgerAudit page)
    {
        var first = _tree.Size + 1;
        foreach (var finding in page.Findings) _findings.Add(finding);
        var unread = page.Findings.Where(finding => finding.Kind is LedgerFindingKind.EventUnreadable or LedgerFindingKind.StructureDamaged
            or LedgerFindingKind.EventMissing).OrderBy(finding => finding.Position).ToArray();
        var marks = page.LeafMarks.Span;
        _tree.Expect(page.Tiles);
        foreach (ref readonly var e in page.Events.Events)
        {
            if (e.Position <= _tree.Size) continue; // the storage returned it twice; its tree will not match
            if (e.Position > _tree.Size + 1) PassOver(e.Position - 1, unread);
            var isMarked = e.Position - first < marks.Length / LedgerAudit.LeafMarkLength;
            Examine(
                e, isMarked ? marks.Slice((int)(e.Position - first) * LedgerAudit.LeafMarkLength, LedgerAudit.LeafMarkLength) : default);
        }

        PassOver(page.Events.Next, unread);
    }

    private void Examine(in StoredEvent e, ReadOnlySpan<byte> mark)
    {
        _tree.Append(e, mark);
        CompareAtSize();
        var isTrusted = e.Position <= _trustedUpTo;
        _versions.Check(e, isTrusted);
        _erasures.Check(e);
        if (e.RecordedAt < _lastRecordedAt && !isTrusted)
            _findings.Add(
                LedgerFindingKind.TimeOutOfOrder,
                e.Position,
                e.Stream,
                $"The event at position {e.Position} was recorded at {e.RecordedAt:O}, before the one before it, at {_lastRecordedAt:O}.");
        _lastRecordedAt = e.RecordedAt;
    }

    /// <summary>
    /// Goes on after a position although the storage did not return the events up to it. They are reported as missing, except those
    /// about which the storage has a finding of its own.
    /// </summary>
    private void PassOver(long upTo, LedgerFinding[] unread)
    {
        if (_tree.Size >= upTo) return; // true also at the highest possible position, beyond which nothing can be counted
        var from = _tree.Size + 1;
        foreach (var finding in unread)
        {
            if (finding.UpTo < from || finding.Position > upTo) continue;
            if (finding.Position > from) AddMissing(from, finding.Position - 1);
            from = finding.UpTo + 1;
        }

        if (from <= upTo) AddMissing(from, upTo);
        while (_tree.Size < upTo)
        {
            _tree.AppendUnknown(Math.Min(upTo, NextStop()));
            CompareAtSize();
        }
    }

    private void AddMissing(long from, long upTo) =>
        _findings.Add(LedgerFindingKind.EventMissing, from, upTo, null, from == upTo
            ? $"There is no event at position {from}, though the log goes on after it."
            : $"There are no events at positions {from} to {upTo}, though the log goes on after them.");

    private long NextStop() => Math.Min(_checkpoints.NextSize, _tree.FrontierSize > _tree.Size ? _tree.FrontierSize : long.MaxValue);

    private void CompareAtSize()
    {
        if (_tree.Size == _checkpoints.NextSize) _checkpoints.Compare(_tree);
        if (_tree.Size == _tree.FrontierSize) _tree.CompareFrontier();
    }

    private LedgerReport Complete()
    {
        var size = _tree.Size;
        if (_tree.FrontierSize > size)
            _findings.Add(
                LedgerFindingKind.TreeMismatch,
                size + 1,
                _tree.FrontierSize,
                null,
                $"The stored tree has {_tree.FrontierSize} leaves, but the log ends at position {size}: events were removed from its end.");
        _tree.Complete();
        _erasures.Complete();
        _checkpoints.Complete(_findings, size, _tree.IsContinuedByStored);
        Report(size);
        return new LedgerReport(size, _tree.Root(), _findings.InOrder())
        {
            AgreedUpTo = _checkpoints.AgreedUpTo,
            ComparedCheckpoints = _checkpoints.Count,
            FurtherFindings = _findings.Unlisted,
        };
    }

    private void Report(long head)
    {
        _reportedAt = _tree.Size;
        options.Progress?.Report(new LedgerProgress(_tree.Size, head, _findings.Count));
    }
}
