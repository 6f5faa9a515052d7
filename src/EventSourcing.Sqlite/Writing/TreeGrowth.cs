using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace EventSourcing;

/// <summary>
/// The end of the Merkle tree, and the events that are still to be added to it. A thread of the pool hashes them while the
/// writer inserts rows or waits for the disk; the writer hashes the rest when it needs the tree. Only one of the two hashes
/// at a time.
/// </summary>
internal sealed class TreeGrowth : IThreadPoolWorkItem, IDisposable
{
    private readonly LedgerHasher _hasher = new();
    private readonly Lock _lock = new();
    private readonly Queue<LeafBatch> _batches = new();
    private readonly List<MerkleTile> _tiles = [];
    private readonly List<byte[]> _marksOfTiles = [];
    private byte[] _marks = [];
    private ExceptionDispatchInfo? _failure;
    private bool _isQueued;

    /// <summary>The frontier. It does not change from <see cref="TryComplete"/> until more is added.</summary>
    public MerkleFrontier Frontier { get; private set; } = new();

    /// <summary>The marks of the leaves since the last complete tile; the bytes after them have no meaning.</summary>
    public ReadOnlySpan<byte> Marks => _marks;

    /// <summary>Begins anew with a tree; events still to be added to the previous one are dropped.</summary>
    public void Reset(MerkleFrontier frontier, byte[] marks)
    {
        lock (_lock)
        {
            Drop();
            (Frontier, _marks) = (frontier, marks);
        }
    }

    /// <summary>Drops what is to be added. Once it has returned, no thread reads the events any more.</summary>
    public void Drop()
    {
        lock (_batches) _batches.Clear();
        lock (_lock)
        {
            _tiles.Clear();
            _marksOfTiles.Clear();
            _failure = null;
        }
    }

    /// <summary>Hands over events. They must not change until <see cref="TryComplete"/> or <see cref="Drop"/>.</summary>
    /// <param name="batch">The events; must not be changed from here on.</param>
    /// <param name="byPool">Whether a thread of the pool is to begin with them.</param>
    public void Add(LeafBatch batch, bool byPool)
    {
        lock (_batches) _batches.Enqueue(batch);
        if (!byPool || Interlocked.Exchange(ref _isQueued, true)) return;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Adds a leaf whose hash is already known.</summary>
    public void Add(in MerkleHash leaf)
    {
        var tiles = _tiles.Count;
        Frontier.Append(leaf, _tiles, _hasher);
        StoredFrontier.Mark(_marks, Frontier.Size, leaf);
        if (_tiles.Count > tiles) _marksOfTiles.Add([.. _marks]);
    }

    /// <summary>
    /// Adds everything that is still to be added; false if that has failed. After a failure nothing can be added until
    /// <see cref="Reset"/>.
    /// </summary>
    public bool TryComplete()
    {
        lock (_lock)
        {
            Grow();
            return _failure is null;
        }
    }

    /// <summary>If adding events has failed, throws that error.</summary>
    public void ThrowIfFailed()
    {
        lock (_lock) _failure?.Throw();
    }

    /// <summary>Stores the tiles that were completed since the last time, in the caller's transaction.</summary>
    public void StoreTiles(Database database)
    {
        var ofLevel1 = 0;
        foreach (var tile in _tiles)
        {
            database.Prepare("INSERT INTO ledger_tiles (level, number, hash) VALUES (?1, ?2, ?3)")
                .Bind(1, tile.Level).Bind(2, tile.Index).Bind(3, tile.Hash.Bytes).Run();
            if (tile.Level == 2) TypeCounts.Keep(database, (tile.Index + 1) * MerkleTree.TileWidth * MerkleTree.TileWidth);
            if (tile.Level == 1)
                database.Prepare("INSERT INTO ledger_marks (tile, marks) VALUES (?1, ?2)")
                    .Bind(1, tile.Index).Bind(2, _marksOfTiles[ofLevel1++]).Run();
        }

        _tiles.Clear();
        _marksOfTiles.Clear();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            Drop(); // the pool may still run this
            _hasher.Dispose();
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        Volatile.Write(ref _isQueued, false); // what is added from here on must be queued again
        TryComplete();
    }

    private void Grow()
    {
        try
        {
            while (TryTake(out var batch))
            {
                if (_failure is not null) continue; // useless after the failure
                for (var i = 0; i < batch.Count; i++) Add(batch.HashOf(i, _hasher));
            }
        }
        catch (Exception failure)
        {
            _failure = ExceptionDispatchInfo.Capture(failure); // the writer reports it, not the pool
            lock (_batches) _batches.Clear();
        }
    }

    private bool TryTake([NotNullWhen(true)] out LeafBatch? batch)
    {
        lock (_batches) return _batches.TryDequeue(out batch);
    }
}
