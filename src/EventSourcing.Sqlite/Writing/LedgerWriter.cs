namespace EventSourcing;

/// <summary>
/// What the writer adds to the Merkle tree: a leaf with each event inserted. Where a transaction fails, it is ahead of what
/// is stored until it is loaded again.
/// </summary>
/// <remarks>
/// <para>Hashing an event takes about a fifth as long as inserting it, so that of larger appends happens beside the inserts, on
/// another core; that of lone small ones is put off until there are enough of them. Where many append at once, the other
/// cores are busy with them.</para>
/// <para>A tile is stored in the transaction that completes it. The frontier's row is stored once it trails the log by
/// <see cref="StoredFrontier.MaxBehind"/> events: for each lone append it would be one more page in the log, of five, to save
/// readers a few events. It proves nothing to anybody who can write to the file, and follows from the events.</para>
/// </remarks>
internal sealed class LedgerWriter(bool isOff = false) : IDisposable
{
    private const int MaxSpare = 64;

    private readonly SaltSource _salts = new();
    private readonly NameCache _names = new();
    private readonly TreeGrowth _tree = new();
    private readonly List<LeafBatch> _batches = [];
    private readonly Stack<LeafBatch> _spare = new();
    private readonly bool _hasOtherCores = Environment.ProcessorCount > 1;
    private long _savedSize;
    private long _firstInBatches;
    private long _head;

    /// <summary>Whether nothing would be stored by <see cref="SaveAll"/>.</summary>
    public bool IsSaved => _head == _savedSize || isOff;

    /// <summary>Begins the tree of a new store. Runs inside the caller's write transaction.</summary>
    public static void Create(Database database) =>
        database.Prepare("INSERT INTO ledger (id, frontier, marks) VALUES (0, ?1, x'')").Bind(1, new MerkleFrontier().ToBytes()).Run();

    /// <summary>Takes the tree as it is stored, and forgets what was added since.</summary>
    /// <exception cref="InvalidDataException">It is not the tree over a log of that length.</exception>
    public void Load(Database database, long head)
    {
        _batches.Clear();
        _head = head;
        if (isOff) return;
        var stored = StoredFrontier.Read(database, _names, head);
        _tree.Reset(stored.Frontier, stored.Marks);
        _savedSize = stored.SavedSize;
    }

    /// <summary>Adds events that are to be inserted at the end of the log.</summary>
    public void Add(StreamWrite write, long firstVersion, DateTimeOffset recordedAt)
    {
        for (var i = 0; i < write.Events.Count; i++)
        {
            var batch = _batches.Count > 0 && !_batches[^1].IsFull ? _batches[^1] : Begin();
            batch.Add(new NewLeaf(++_head, write.Stream, firstVersion + i, recordedAt, write.Events[i]), isOff ? default : _salts.Next());
            if (batch.IsFull && !isOff) _tree.Add(batch, byPool: _hasOtherCores && write.Events.Count >= LeafBatch.Capacity);
        }
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
        _tree.Add(leaf);
    }

    /// <summary>Stores what must not be left for later, in the caller's transaction. Nothing refers to the callers' memory after it.</summary>
    public void Save(Database database) => Save(database, all: false);

    /// <summary>Stores all. Where that is not to be done, nothing is lost.</summary>
    public void SaveAll(Database database) => Save(database, all: true);

    public void Dispose() => _tree.Dispose();

    /// <summary>Whether the row would trail too far, or a tile is complete.</summary>
    private bool IsDue => _head - _savedSize >= StoredFrontier.MaxBehind || _head / MerkleTree.TileWidth > _savedSize / MerkleTree.TileWidth;

    private LeafBatch Begin()
    {
        if (_batches.Count == 0) _firstInBatches = _head + 1;
        var batch = _spare.TryPop(out var spare) ? spare : new LeafBatch();
        _batches.Add(batch);
        return batch;
    }

    private void Save(Database database, bool all)
    {
        if (!all && _batches.Count == 1 && !_batches[0].IsFull && !IsDue && _batches[0].TryKeep()) return;
        if (_batches.Count > 0 && !_batches[^1].IsFull && !isOff) _tree.Add(_batches[^1], byPool: false);
        if (!IsSaved)
        {
            var (frontier, marks, tiles, marksOfTiles) = _tree.Complete();
            if (all || IsDue)
            {
                Update(database, frontier, marks);
                Insert(database, tiles, marksOfTiles);
                _savedSize = frontier.Size;
            }
        }

        foreach (var batch in _batches)
        {
            batch.Clear();
            if (_spare.Count < MaxSpare) _spare.Push(batch);
        }

        _batches.Clear();
    }

    private static void Update(Database database, MerkleFrontier frontier, byte[] marks)
    {
        Span<byte> bytes = stackalloc byte[12 + (63 * MerkleHash.Length)];
        database.Prepare("UPDATE ledger SET frontier = ?1, marks = ?2 WHERE id = 0")
            .Bind(1, bytes[..frontier.WriteTo(bytes)])
            .Bind(2, marks.AsSpan(0, (int)(frontier.Size % MerkleTree.TileWidth) * LedgerAudit.LeafMarkLength))
            .Run();
    }

    private static void Insert(Database database, List<MerkleTile> tiles, List<byte[]> marksOfTiles)
    {
        var ofLevel1 = 0;
        foreach (var tile in tiles)
        {
            database.Prepare("INSERT INTO ledger_tiles (level, number, hash) VALUES (?1, ?2, ?3)").Bind(1, tile.Level).Bind(2, tile.Index).Bind(3, tile.Hash.Bytes).Run();
            if (tile.Level == 1) database.Prepare("INSERT INTO ledger_marks (tile, marks) VALUES (?1, ?2)").Bind(1, tile.Index).Bind(2, marksOfTiles[ofLevel1++]).Run();
        }

        tiles.Clear();
        marksOfTiles.Clear();
    }
}
