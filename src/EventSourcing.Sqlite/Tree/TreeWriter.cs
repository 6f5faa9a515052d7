namespace EventSourcing;

/// <summary>
/// What the writer adds to the Merkle tree: a leaf for each inserted event. If a transaction fails, the tree is ahead of what
/// is stored until it is loaded again.
/// </summary>
/// <remarks>
/// <para>Hashing an event takes about a fifth as long as inserting it. Events of larger appends are hashed beside the
/// inserts, on another core. Other events are hashed during their commit, which waits for the disk. Lone small events are put
/// off until there are enough of them.</para>
/// <para>Tiles are stored in the transaction that completes them, together with the frontier's row. Otherwise the row is
/// stored only after <see cref="EventsBetweenRows"/> more events were hashed: including the current commit's events would
/// make the commit wait for their hashes, and updating the row on every append would add a fifth page to the log for a lone
/// append. Readers add the missing leaves from the events. The row is derived from the events, and it proves nothing against
/// an attacker who can write to the file.</para>
/// <para>How the tree grows is not written here: see <see cref="TreeGrowth"/>.</para>
/// </remarks>
internal sealed class TreeWriter(bool isOff = false) : IDisposable
{
    private const int EventsBetweenRows = LeafBatch.Capacity;
    private const int MaxSpare = 64;

    private readonly SaltSource _salts = new();
    private readonly NameCache _names = new();
    private readonly LeafQueue _leaves = new();
    private readonly SavedTree _saved = new();
    private readonly List<LeafBatch> _batches = [];
    private readonly Stack<LeafBatch> _spare = new();
    private readonly bool _hasOtherCores = Environment.ProcessorCount > 1;
    private int _handedOver;
    private long _savedSize;
    private long _firstInBatches;
    private long _head;

    /// <summary>Whether <see cref="SaveAll"/> would have nothing to store.</summary>
    public bool IsSaved => _head == _savedSize || isOff;

    /// <summary>Loads the tree as it is stored.</summary>
    /// <exception cref="DamagedDataException">It is not the tree over a log of that length.</exception>
    public void Load(Database database, long head)
    {
        Forget();
        _head = head;
        if (isOff) return;
        _leaves.Reset(SavedTree.Read(database, _names, head, out _savedSize));
        _saved.Take(_leaves.Tree);
    }

    /// <summary>
    /// Forgets what was added; the tree must be loaded before more is added. Afterwards nothing refers to the callers'
    /// memory.
    /// </summary>
    public void Forget()
    {
        _leaves.Drop();
        ClearBatches();
    }

    /// <summary>Adds events that are to be inserted at the end of the log.</summary>
    public void Add(StreamWrite write, long firstVersion, DateTimeOffset recordedAt)
    {
        for (var i = 0; i < write.Events.Count; i++)
        {
            var batch = _batches.Count > 0 && !_batches[^1].IsFull ? _batches[^1] : Begin();
            batch.Add(new NewLeaf(++_head, write.Stream, firstVersion + i, recordedAt, write.Events[i]), isOff ? default : _salts.Next());
            if (batch.IsFull && _hasOtherCores && write.Events.Count >= LeafBatch.Capacity) HandOver(byPool: true);
        }
    }

    /// <summary>Adds an imported event that is to be inserted at the end of the log. If it brings no seal, it gets a salt.</summary>
    public void Add(in StoredEvent e)
    {
        var batch = _batches.Count > 0 && !_batches[^1].IsFull ? _batches[^1] : Begin();
        var imported = new NewEvent(e.Id, e.Type, e.Data) { Metadata = e.Metadata, Tags = e.Tags };
        var leaf = new NewLeaf(e.Position, e.Stream, e.Version, e.RecordedAt, imported) { Commitment = e.IsErased ? e.Seal : default };
        _head = e.Position;
        batch.Add(leaf, isOff || e.IsErased ? default : e.Seal.IsEmpty ? _salts.Next() : e.Seal.Span);
        if (batch.IsFull && _hasOtherCores) HandOver(byPool: true);
    }

    /// <summary>The salt of an event of this transaction.</summary>
    public ReadOnlySpan<byte> SaltOf(long position)
    {
        var (batch, index) = Math.DivRem((int)(position - _firstInBatches), LeafBatch.Capacity);
        return _batches[batch].SaltOf(index);
    }

    /// <summary>Adds the leaf of an event that has been inserted already.</summary>
    public void Add(in MerkleHash leaf)
    {
        _head++;
        _leaves.Add(leaf);
    }

    /// <summary>Stores what must not be put off, in the caller's transaction. The rest is hashed during the commit.</summary>
    public void Save(Database database)
    {
        if (!isOff && SavedTree.IsTooFarBehind(_savedSize, _head))
        {
            SaveAll(database);
            return;
        }

        if (_saved.Size - _savedSize >= EventsBetweenRows) StoreRow(database);
        if (_batches.Count == 1 && !_batches[0].IsFull && _batches[0].TryKeep()) return;
        HandOver(byPool: true);
    }

    /// <summary>Stores everything, in the caller's transaction.</summary>
    public void SaveAll(Database database)
    {
        if (IsSaved) return;
        HandOver(byPool: false);
        if (!TryComplete()) _leaves.ThrowIfFailed();
        StoreRow(database);
        SavedTree.StoreTiles(database, _leaves.Tree.Tiles);
        _leaves.Tree.ClearTiles();
    }

    /// <summary>
    /// Completes the hashing that was begun; false if it has failed: then the tree must be loaded before more is added.
    /// Afterwards nothing refers to the callers' memory.
    /// </summary>
    public bool TryFinish() => _handedOver == 0 || TryComplete();

    public void Dispose() => _leaves.Dispose();

    private LeafBatch Begin()
    {
        if (_batches.Count == 0) _firstInBatches = _head + 1;
        var batch = _spare.TryPop(out var spare) ? spare : new LeafBatch();
        _batches.Add(batch);
        return batch;
    }

    private void HandOver(bool byPool)
    {
        for (; _handedOver < _batches.Count; _handedOver++)
        {
            if (!isOff) _leaves.Add(_batches[_handedOver], byPool);
        }
    }

    private bool TryComplete()
    {
        var isComplete = _leaves.TryComplete();
        if (isComplete) _saved.Take(_leaves.Tree);
        ClearBatches();
        return isComplete;
    }

    private void ClearBatches()
    {
        foreach (var batch in _batches)
        {
            batch.Clear();
            if (_spare.Count < MaxSpare) _spare.Push(batch);
        }

        _batches.Clear();
        _handedOver = 0;
    }

    private void StoreRow(Database database)
    {
        _saved.StoreRow(database);
        _savedSize = _saved.Size;
    }
}
