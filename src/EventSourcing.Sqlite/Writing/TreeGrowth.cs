using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace EventSourcing;

/// <summary>
/// The end of the Merkle tree, and the events that it is still to take: a thread of the pool hashes them while the writer
/// inserts rows or waits for the disk, and the writer itself does the rest when it needs the tree. One of the two at a time
/// is at it.
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

    /// <summary>The frontier. Stays as it is from <see cref="TryComplete"/> until more is added.</summary>
    public MerkleFrontier Frontier { get; private set; } = new();

    /// <summary>The marks of the leaves since the last complete tile; the rest is of no meaning.</summary>
    public ReadOnlySpan<byte> Marks => _marks;

    /// <summary>Begins anew with a tree; what was to be added to the one before is dropped.</summary>
    public void Reset(MerkleFrontier frontier, byte[] marks)
    {
        lock (_lock)
        {
            Drop();
            (Frontier, _marks) = (frontier, marks);
        }
    }

    /// <summary>Drops what is to be added. Once it is back, nobody looks at it any more.</summary>
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

    /// <summary>Hands over events. They must stay as they are until <see cref="TryComplete"/> or <see cref="Drop"/>.</summary>
    /// <param name="batch">The events; not to be changed from here on.</param>
    /// <param name="byPool">Whether a thread of the pool is to begin with them.</param>
    public void Add(LeafBatch batch, bool byPool)
    {
        lock (_batches) _batches.Enqueue(batch);
        if (!byPool || Interlocked.Exchange(ref _isQueued, true)) return;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Adds a leaf that is made already.</summary>
    public void Add(in MerkleHash leaf)
    {
        var tiles = _tiles.Count;
        Frontier.Append(leaf, _tiles, _hasher);
        StoredFrontier.Mark(_marks, Frontier.Size, leaf);
        if (_tiles.Count > tiles) _marksOfTiles.Add([.. _marks]);
    }

    /// <summary>Adds all that is still to be added; false where that has failed. Then nothing more can be, until <see cref="Reset"/>.</summary>
    public bool TryComplete()
    {
        lock (_lock)
        {
            Grow();
            return _failure is null;
        }
    }

    /// <summary>Throws what adding events has failed by.</summary>
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
            database.Prepare("INSERT INTO ledger_tiles (level, number, hash) VALUES (?1, ?2, ?3)").Bind(1, tile.Level).Bind(2, tile.Index).Bind(3, tile.Hash.Bytes).Run();
            if (tile.Level == 2) TypeCounts.Keep(database, (tile.Index + 1) * MerkleTree.TileWidth * MerkleTree.TileWidth);
            if (tile.Level == 1) database.Prepare("INSERT INTO ledger_marks (tile, marks) VALUES (?1, ?2)").Bind(1, tile.Index).Bind(2, _marksOfTiles[ofLevel1++]).Run();
        }

        _tiles.Clear();
        _marksOfTiles.Clear();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            Drop(); // a turn of the pool may still come
            _hasher.Dispose();
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        Volatile.Write(ref _isQueued, false); // what comes from here on needs another turn
        TryComplete();
    }

    private void Grow()
    {
        try
        {
            while (TryTake(out var batch))
            {
                if (_failure is not null) continue; // of no use without what has failed
                for (var i = 0; i < batch.Count; i++) Add(batch.HashOf(i, _hasher));
            }
        }
        catch (Exception failure)
        {
            _failure = ExceptionDispatchInfo.Capture(failure); // it is the writer's, not the pool's
            lock (_batches) _batches.Clear();
        }
    }

    private bool TryTake([NotNullWhen(true)] out LeafBatch? batch)
    {
        lock (_batches) return _batches.TryDequeue(out batch);
    }
}
