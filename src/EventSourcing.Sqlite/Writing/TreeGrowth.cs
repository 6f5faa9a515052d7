using System.Runtime.ExceptionServices;

namespace EventSourcing;

/// <summary>
/// The end of the Merkle tree, and the events that it is still to take: a thread of the pool hashes them while the writer
/// inserts rows, and the writer itself does the rest when it needs the tree. One of the two at a time is at it.
/// </summary>
internal sealed class TreeGrowth : IThreadPoolWorkItem, IDisposable
{
    private readonly LedgerHasher _hasher = new();
    private readonly Lock _lock = new();
    private readonly Queue<LeafBatch> _batches = new();
    private MerkleFrontier _frontier = new();
    private byte[] _marks = [];
    private List<MerkleTile> _tiles = [];
    private List<byte[]> _marksOfTiles = [];
    private ExceptionDispatchInfo? _failure;
    private bool _isQueued;

    /// <summary>Begins anew with a tree; what was to be added to the one before is dropped.</summary>
    public void Reset(MerkleFrontier frontier, byte[] marks)
    {
        lock (_lock)
        {
            lock (_batches) _batches.Clear();
            (_frontier, _marks, _tiles, _marksOfTiles, _failure) = (frontier, marks, [], [], null);
        }
    }

    /// <summary>Hands over events. They must stay as they are until <see cref="Complete"/>.</summary>
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
        _frontier.Append(leaf, _tiles, _hasher);
        StoredFrontier.Mark(_marks, _frontier.Size, leaf);
        if (_tiles.Count > tiles) _marksOfTiles.Add([.. _marks]);
    }

    /// <summary>The tree with all events that were added. It is the caller's until it adds more.</summary>
    public (MerkleFrontier Frontier, byte[] Marks, List<MerkleTile> Tiles, List<byte[]> MarksOfTiles) Complete()
    {
        lock (_lock)
        {
            Grow();
            _failure?.Throw();
            return (_frontier, _marks, _tiles, _marksOfTiles);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            lock (_batches) _batches.Clear(); // a turn of the pool may still come
            _hasher.Dispose();
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        Volatile.Write(ref _isQueued, false); // what comes from here on needs another turn
        lock (_lock)
        {
            try
            {
                Grow();
            }
            catch (Exception failure)
            {
                _failure = ExceptionDispatchInfo.Capture(failure); // it is the writer's, not the pool's
            }
        }
    }

    private void Grow()
    {
        while (true)
        {
            LeafBatch? batch;
            lock (_batches)
            {
                if (!_batches.TryDequeue(out batch)) return;
            }

            for (var i = 0; i < batch.Count; i++) Add(batch.HashOf(i, _hasher));
        }
    }
}
