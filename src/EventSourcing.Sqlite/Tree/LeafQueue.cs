using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace EventSourcing;

/// <summary>
/// Events that are still to be added to the tree. A thread of the pool hashes them while the writer inserts rows or waits for the disk;
/// the writer hashes the rest when it needs the tree. Only one of the two hashes at a time.
/// </summary>
internal sealed class LeafQueue : IThreadPoolWorkItem, IDisposable
{
    private readonly LedgerHasher _hasher = new();
    private readonly Lock _lock = new();
    private readonly Queue<LeafBatch> _batches = new();
    private ExceptionDispatchInfo? _failure;
    private bool _isQueued;

    /// <summary>The tree. It does not change from <see cref="TryComplete"/> until more is added.</summary>
    public TreeGrowth Tree { get; private set; } = new(keepsMarks: true);

    /// <summary>Begins anew with a tree; events still to be added to the previous one are dropped.</summary>
    public void Reset(TreeGrowth tree)
    {
        lock (_lock)
        {
            Drop();
            Tree = tree;
        }
    }

    /// <summary>Drops what is to be added. Once it has returned, no thread reads the events any more.</summary>
    public void Drop()
    {
        lock (_batches) _batches.Clear();
        lock (_lock)
        {
            Tree.ClearTiles();
            _failure = null;
        }
    }

    /// <summary>Hands over events.</summary>
    /// <param name="batch">The events. They must not change until <see cref="TryComplete"/> or <see cref="Drop"/>.</param>
    /// <param name="byPool">Whether a thread of the pool is to begin with them.</param>
    public void Add(LeafBatch batch, bool byPool)
    {
        lock (_batches) _batches.Enqueue(batch);
        if (!byPool || Interlocked.Exchange(ref _isQueued, true)) return;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Adds a leaf whose hash is already known. Nothing may be in the queue.</summary>
    public void Add(in MerkleHash leaf) => Tree.Add(leaf, _hasher);

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
                for (var i = 0; i < batch.Count; i++) Tree.Add(batch.HashOf(i, _hasher), _hasher);
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
