namespace EventSourcing;

/// <summary>
/// The tables of the tree. The row of the ledger has the frontier, and the marks of the leaves since the last complete tile. It is not
/// written with every commit, so it may lack events since the last complete tile; readers add those from the stored events.
/// </summary>
/// <remarks>
/// An object keeps what the row is to say: the tree as of the last completed hashing. So the row can be stored while newer leaves are
/// still being hashed.
/// </remarks>
internal sealed class SavedTree
{
    private readonly byte[] _frontier = new byte[12 + (63 * MerkleHash.Length)];
    private readonly byte[] _marks = new byte[TreeGrowth.MarksLength];
    private int _frontierLength;
    private int _marksLength;

    /// <summary>The number of leaves that were taken.</summary>
    public long Size { get; private set; }

    /// <summary>Begins the tree of a new store. Runs inside the caller's write transaction.</summary>
    public static void Create(Database database) =>
        database.Prepare("INSERT INTO ledger (id, frontier, marks) VALUES (0, ?1, x'')").Bind(1, new MerkleFrontier().ToBytes()).Run();

    /// <summary>Reads the end of the tree over the whole log: the row, and the events that it lacks.</summary>
    /// <param name="database">The connection.</param>
    /// <param name="names">The names of streams and types.</param>
    /// <param name="head">The head of the log.</param>
    /// <param name="savedSize">The number of leaves that the row has.</param>
    /// <exception cref="DamagedDataException">The row is not the frontier of a tree over a log of that length.</exception>
    public static TreeGrowth Read(Database database, NameCache names, long head, out long savedSize)
    {
        var tree = ReadRow(database, head);
        savedSize = tree.Frontier.Size;
        Span<MerkleHash> leaves = stackalloc MerkleHash[MerkleTree.TileWidth];
        leaves = leaves[..(int)(head - savedSize)];
        ReadLeaves(database, names, savedSize, leaves);
        foreach (ref readonly var leaf in leaves) tree.Add(leaf);
        return tree;
    }

    /// <summary>Whether a row of this size would lack events of a complete tile: tiles are stored together with the row.</summary>
    public static bool IsTooFarBehind(long size, long head) => size / MerkleTree.TileWidth < head / MerkleTree.TileWidth;

    /// <summary>The hashes of the leaves from an index on, computed from the events as they are stored.</summary>
    /// <exception cref="DamagedDataException">An event is missing.</exception>
    public static void ReadLeaves(Database database, NameCache names, long first, Span<MerkleHash> hashes)
    {
        using var hasher = new LedgerHasher();
        for (var read = 0; read < hashes.Length;)
        {
            using var page = LogReader.ReadLog(
                database, names, new LogRead { After = first + read, UpTo = first + hashes.Length, WithSeals = true });
            read += StoredLeaves.Hash(
                page, first + read, hashes[read..], hasher, static (flaw, cause) => new DamagedDataException(flaw, cause));
        }
    }

    /// <summary>The hashes of tiles of one level, from an index on.</summary>
    /// <exception cref="DamagedDataException">A tile is missing, or is not a hash.</exception>
    public static void ReadTiles(Database database, int level, long first, Span<MerkleHash> hashes)
    {
        var select =
            database.Prepare("SELECT number, hash FROM ledger_tiles WHERE level = ?1 AND number >= ?2 AND number < ?3 ORDER BY number")
                .Bind(1, level).Bind(2, first).Bind(3, first + hashes.Length);
        try
        {
            for (var i = 0; i < hashes.Length; i++)
            {
                if (!select.Step() || select.Long(0) != first + i)
                    throw new DamagedDataException($"its Merkle tree has no hash {first + i} on level {level}.");
                if (select.Bytes(1).Length != MerkleHash.Length)
                    throw new DamagedDataException($"what its Merkle tree has as hash {first + i} on level {level} is not a hash.");
                hashes[i] = new MerkleHash(select.Bytes(1));
            }
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>Takes the current state of the tree.</summary>
    public void Take(TreeGrowth tree)
    {
        Size = tree.Frontier.Size;
        _frontierLength = tree.Frontier.WriteTo(_frontier);
        _marksLength = tree.Marks.Length;
        tree.Marks.CopyTo(_marks);
    }

    /// <summary>Stores the row, in the caller's transaction.</summary>
    public void StoreRow(Database database) =>
        database.Prepare("UPDATE ledger SET frontier = ?1, marks = ?2 WHERE id = 0")
            .Bind(1, _frontier.AsSpan(0, _frontierLength)).Bind(2, _marks.AsSpan(0, _marksLength)).Run();

    /// <summary>Stores tiles, in the caller's transaction.</summary>
    public static void StoreTiles(Database database, IReadOnlyList<GrownTile> tiles)
    {
        for (var i = 0; i < tiles.Count; i++)
        {
            var (tile, marks) = tiles[i];
            database.Prepare("INSERT INTO ledger_tiles (level, number, hash) VALUES (?1, ?2, ?3)")
                .Bind(1, tile.Level).Bind(2, tile.Index).Bind(3, tile.Hash.Bytes).Run();
            if (tile.Level == 2) TypeCounts.Keep(database, (tile.Index + 1) * MerkleTree.TileWidth * MerkleTree.TileWidth);
            if (marks is not null)
                database.Prepare("INSERT INTO ledger_marks (tile, marks) VALUES (?1, ?2)").Bind(1, tile.Index).Bind(2, marks).Run();
        }
    }

    private static TreeGrowth ReadRow(Database database, long head)
    {
        var select = database.Prepare("SELECT frontier, marks FROM ledger WHERE id = 0");
        try
        {
            if (!select.Step()) throw new DamagedDataException("its Merkle tree is not there; somebody has removed it.");
            var frontier = MerkleFrontier.Parse(select.Bytes(0));
            if (frontier.Size > head || IsTooFarBehind(frontier.Size, head))
                throw new DamagedDataException($"its Merkle tree has {frontier.Size} leaves, and its log {head} events.");
            var marks = select.Bytes(1);
            if (marks.Length > TreeGrowth.MarksLength)
                throw new DamagedDataException("its Merkle tree has marks of more leaves than fit a tile.");
            return new TreeGrowth(frontier, marks);
        }
        catch (LedgerFormatException damage)
        {
            throw new DamagedDataException($"its Merkle tree cannot be read: {damage.Flaw} ({damage.Where}).", damage);
        }
        finally
        {
            select.Reset();
        }
    }
}
