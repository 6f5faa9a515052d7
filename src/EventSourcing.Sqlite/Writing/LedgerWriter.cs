namespace EventSourcing;

/// <summary>
/// The end of the Merkle tree, as far as the writer knows it: grows with each event inserted, and is stored once for all
/// that a transaction has inserted. Where the transaction fails, it is ahead of what is stored until it is loaded again.
/// </summary>
internal sealed class LedgerWriter
{
    private readonly List<MerkleTile> _tiles = [];
    private MerkleFrontier _frontier = new();
    private long _savedSize;

    /// <summary>Begins the tree of a new store. Runs inside the caller's write transaction.</summary>
    public static void Create(Database database) =>
        database.Prepare("INSERT INTO ledger (id, frontier, marks) VALUES (0, ?1, x'')").Bind(1, new MerkleFrontier().ToBytes()).Run();

    /// <summary>The frontier as it is stored.</summary>
    /// <exception cref="InvalidDataException">It is not that of the tree over a log of that length.</exception>
    public static MerkleFrontier Read(Database database, long head)
    {
        var select = database.Prepare("SELECT frontier FROM ledger WHERE id = 0");
        try
        {
            if (!select.Step()) throw new InvalidDataException("its Merkle tree is not there; somebody has removed it.");
            var frontier = MerkleFrontier.Parse(select.Bytes(0));
            return frontier.Size == head ? frontier : throw new InvalidDataException($"its Merkle tree has {frontier.Size} leaves, and its log {head} events.");
        }
        catch (LedgerFormatException damage)
        {
            throw new InvalidDataException($"its Merkle tree cannot be read: {damage.Flaw} ({damage.Where}).", damage);
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>Takes the tree as it is stored.</summary>
    /// <exception cref="InvalidDataException">It is not the tree over a log of that length.</exception>
    public void Load(Database database, long head)
    {
        _tiles.Clear();
        _frontier = Read(database, head);
        _savedSize = head;
    }

    public void Append(in LedgerLeaf leaf) => _frontier.Append(leaf.Hash(), _tiles);

    /// <summary>Stores what has been appended since the last time.</summary>
    public void Save(Database database)
    {
        if (_frontier.Size == _savedSize) return;
        Span<byte> frontier = stackalloc byte[12 + (63 * MerkleHash.Length)];
        database.Prepare("UPDATE ledger SET frontier = ?1 WHERE id = 0").Bind(1, frontier[.._frontier.WriteTo(frontier)]).Run();
        if (_tiles.Count > 0)
        {
            var insert = database.Prepare("INSERT INTO ledger_tiles (level, number, hash) VALUES (?1, ?2, ?3)");
            foreach (var tile in _tiles) insert.Bind(1, tile.Level).Bind(2, tile.Index).Bind(3, tile.Hash.Bytes).Run();
            _tiles.Clear();
        }

        _savedSize = _frontier.Size;
    }
}
