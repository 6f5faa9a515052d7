namespace EventSourcing.Storage;

/// <summary>
/// The tree over a log in memory. It is extended up to the head on first use: a log in memory cannot be altered between append
/// and read, so building it later makes no observable difference, and appends need not wait for it.
/// </summary>
internal sealed class InMemoryLedger(InMemoryLog log, Action throwIfDisposed) : ILedgerStorage
{
    private readonly Lock _lock = new();
    private readonly TreeGrowth _growth = new(keepsMarks: false);
    private readonly List<List<MerkleHash>> _tiles = [];

    public ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default)
    {
        throwIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            GrowTo(log.Head);
            return ValueTask.FromResult(_growth.Frontier.Copy());
        }
    }

    public ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default)
    {
        throwIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        LedgerRange.ThrowIfInvalid(level, first, hashes.Length, log.Head);
        if (level == 0)
        {
            for (var i = 0; i < hashes.Length; i++) hashes.Span[i] = log.At(first + i + 1).ToLeaf().Hash();
            return ValueTask.CompletedTask;
        }

        lock (_lock)
        {
            GrowTo(log.Head);
            for (var i = 0; i < hashes.Length; i++) hashes.Span[i] = _tiles[level - 1][(int)first + i];
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<LedgerAudit> AuditAsync(long after, int limit = EventPage.DefaultLimit, CancellationToken cancellationToken = default)
    {
        throwIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        lock (_lock)
        {
            // Within the lock: otherwise the tree may have grown beyond the events read, which looks as if events were missing.
            var events = log.ReadLog(new LogRead { After = after, Limit = limit, WithSeals = true });
            GrowTo(events.Head);
            return ValueTask.FromResult(
                new LedgerAudit(events, [], default) { Tiles = TilesBetween(after, events.Next), Frontier = _growth.Frontier.Copy() });
        }
    }

    public ValueTask<IReadOnlyList<LedgerFinding>> AuditStructureAsync(bool isWhole, CancellationToken cancellationToken = default)
    {
        throwIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult<IReadOnlyList<LedgerFinding>>([]);
    }

    private List<MerkleTile> TilesBetween(long after, long upTo)
    {
        var tiles = new List<MerkleTile>();
        for (var level = 1; level <= _tiles.Count; level++)
        {
            var width = 1L << (MerkleTree.TileHeight * level);
            for (var index = after / width; index < upTo / width; index++)
                tiles.Add(new MerkleTile(level, index, _tiles[level - 1][(int)index]));
        }

        return tiles;
    }

    private void GrowTo(long head)
    {
        while (_growth.Frontier.Size < head) _growth.Add(log.At(_growth.Frontier.Size + 1).ToLeaf().Hash());
        foreach (var (tile, _) in _growth.Tiles)
        {
            if (_tiles.Count < tile.Level) _tiles.Add([]);
            _tiles[tile.Level - 1].Add(tile.Hash);
        }

        _growth.ClearTiles();
    }
}
