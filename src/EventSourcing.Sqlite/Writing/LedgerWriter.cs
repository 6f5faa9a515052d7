namespace EventSourcing;

/// <summary>
/// The end of the Merkle tree, as far as the writer knows it: grows with each event inserted. Where a transaction fails, it
/// is ahead of what is stored until it is loaded again.
/// </summary>
/// <remarks>
/// <para>A hash costs about as much as a tenth of an insert and there are three of them to an event, so those of larger
/// transactions are computed beside the inserts, on another core.</para>
/// <para>A tile is stored in the transaction that completes it. The frontier's row is stored once it trails the log by
/// <see cref="StoredFrontier.MaxBehind"/> events: for each lone append it would be one more page in the log, of five, to save
/// readers a few events. It proves nothing to anybody who can write to the file, and follows from the events.</para>
/// </remarks>
internal sealed class LedgerWriter(bool isOff = false)
{
    private static readonly bool HasOtherCores = Environment.ProcessorCount > 1;

    private readonly SaltSource _salts = new();
    private readonly NameCache _names = new();
    private readonly List<LeafBatch> _pending = [];
    private readonly Stack<LeafBatch> _spare = new();
    private readonly List<MerkleTile> _tiles = [];
    private readonly List<byte[]> _marksOfTiles = [];
    private MerkleFrontier _frontier = new();
    private byte[] _marks = [];
    private long _savedSize;
    private long _head;
    private long _firstPending;

    /// <summary>Whether nothing would be stored by <see cref="SaveAll"/>.</summary>
    public bool IsSaved => _frontier.Size == _savedSize && _pending.Count == 0;

    /// <summary>Begins the tree of a new store. Runs inside the caller's write transaction.</summary>
    public static void Create(Database database) =>
        database.Prepare("INSERT INTO ledger (id, frontier, marks) VALUES (0, ?1, x'')").Bind(1, new MerkleFrontier().ToBytes()).Run();

    /// <summary>Takes the tree as it is stored, and forgets what was added since.</summary>
    /// <exception cref="InvalidDataException">It is not the tree over a log of that length.</exception>
    public void Load(Database database, long head)
    {
        // A thread of the pool may still be at a batch of a transaction that failed; nobody waits for it.
        _pending.Clear();
        _tiles.Clear();
        _marksOfTiles.Clear();
        _head = head;
        if (isOff) return;
        var stored = StoredFrontier.Read(database, _names, head);
        (_frontier, _savedSize, _marks) = (stored.Frontier, stored.SavedSize, stored.Marks);
    }

    /// <summary>Adds an event that is to be inserted at the end of the log.</summary>
    public void Add(string stream, long version, DateTimeOffset recordedAt, in NewEvent e)
    {
        var batch = _pending.Count > 0 && !_pending[^1].IsFull ? _pending[^1] : Begin();
        batch.Add(new NewLeaf(++_head, stream, version, recordedAt, e), isOff ? stackalloc byte[LedgerLeaf.SaltLength] : _salts.Next());
        if (batch.IsFull && HasOtherCores && !isOff) batch.Queue();
    }

    /// <summary>The salt of an event added since the last time that the tree was saved.</summary>
    public ReadOnlySpan<byte> SaltOf(long position)
    {
        var (batch, index) = Math.DivRem((int)(position - _firstPending), LeafBatch.Capacity);
        return _pending[batch].SaltOf(index);
    }

    /// <summary>Adds a leaf that is made already.</summary>
    public void Add(in MerkleHash leaf)
    {
        _head = _frontier.Size + 1;
        var tiles = _tiles.Count;
        _frontier.Append(leaf, _tiles);
        StoredFrontier.Mark(_marks, _frontier.Size, leaf);
        if (_tiles.Count > tiles) _marksOfTiles.Add([.. _marks]);
    }

    /// <summary>Stores what must not be left for later, in the caller's transaction.</summary>
    public void Save(Database database)
    {
        Grow();
        if (_frontier.Size - _savedSize >= StoredFrontier.MaxBehind || _tiles.Count > 0) SaveAll(database);
    }

    /// <summary>Stores all. Where that is not to be done, nothing is lost.</summary>
    public void SaveAll(Database database)
    {
        Grow();
        if (_frontier.Size == _savedSize) return;
        Span<byte> frontier = stackalloc byte[12 + (63 * MerkleHash.Length)];
        database.Prepare("UPDATE ledger SET frontier = ?1, marks = ?2 WHERE id = 0")
            .Bind(1, frontier[.._frontier.WriteTo(frontier)])
            .Bind(2, _marks.AsSpan(0, (int)(_frontier.Size % MerkleTree.TileWidth) * LedgerAudit.LeafMarkLength))
            .Run();
        InsertTiles(database);
        _savedSize = _frontier.Size;
    }

    private LeafBatch Begin()
    {
        if (_pending.Count == 0) _firstPending = _head + 1;
        var batch = _spare.TryPop(out var spare) ? spare : new LeafBatch();
        _pending.Add(batch);
        return batch;
    }

    private void Grow()
    {
        if (isOff)
        {
            _pending.Clear();
            return;
        }

        foreach (var batch in _pending)
        {
            batch.Complete();
            foreach (ref readonly var hash in batch.Hashes) Add(hash);
            batch.Clear();
            _spare.Push(batch);
        }

        _pending.Clear();
    }

    private void InsertTiles(Database database)
    {
        var insert = database.Prepare("INSERT INTO ledger_tiles (level, number, hash, marks) VALUES (?1, ?2, ?3, ?4)");
        var ofLevel1 = 0;
        foreach (var tile in _tiles)
        {
            insert.Bind(1, tile.Level).Bind(2, tile.Index).Bind(3, tile.Hash.Bytes);
            if (tile.Level == 1) insert.Bind(4, _marksOfTiles[ofLevel1++]);
            else insert.BindNull(4);
            insert.Run();
        }

        _tiles.Clear();
        _marksOfTiles.Clear();
    }
}
