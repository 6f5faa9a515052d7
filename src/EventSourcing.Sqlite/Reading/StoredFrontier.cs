namespace EventSourcing;

/// <summary>
/// The frontier of the tree as its row has it, and the marks of the leaves since the last complete tile. The row is not
/// written with every commit: it may lack events since the last complete tile. They are added here from the stored events.
/// </summary>
internal sealed class StoredFrontier
{
    private StoredFrontier(MerkleFrontier frontier, long savedSize)
    {
        Frontier = frontier;
        SavedSize = savedSize;
    }

    /// <summary>The frontier over the whole log.</summary>
    public MerkleFrontier Frontier { get; }

    /// <summary>The size of the tree in the row.</summary>
    public long SavedSize { get; }

    /// <summary>The first bytes of the hash of each leaf since the last complete tile; the bytes after them have no meaning.</summary>
    public byte[] Marks { get; } = new byte[MerkleTree.TileWidth * LedgerAudit.LeafMarkLength];

    /// <summary>Reads the row, and the events that it lacks.</summary>
    /// <exception cref="DamagedDataException">It is not the frontier of a tree over a log of that length.</exception>
    public static StoredFrontier Read(Database database, NameCache names, long head)
    {
        var select = database.Prepare("SELECT frontier, marks FROM ledger WHERE id = 0");
        StoredFrontier stored;
        try
        {
            if (!select.Step()) throw new DamagedDataException("its Merkle tree is not there; somebody has removed it.");
            var frontier = MerkleFrontier.Parse(select.Bytes(0));
            if (frontier.Size > head || IsTooFarBehind(frontier.Size, head))
                throw new DamagedDataException($"its Merkle tree has {frontier.Size} leaves, and its log {head} events.");
            stored = new StoredFrontier(frontier, frontier.Size);
            if (!select.Bytes(1).TryCopyTo(stored.Marks))
                throw new DamagedDataException("its Merkle tree has marks of more leaves than fit a tile.");
        }
        catch (LedgerFormatException damage)
        {
            throw new DamagedDataException($"its Merkle tree cannot be read: {damage.Flaw} ({damage.Where}).", damage);
        }
        finally
        {
            select.Reset();
        }

        stored.AddLeaves(database, names, head);
        return stored;
    }

    /// <summary>Whether a row of this size would lack events of a complete tile: tiles are stored together with the row.</summary>
    public static bool IsTooFarBehind(long size, long head) => size / MerkleTree.TileWidth < head / MerkleTree.TileWidth;

    /// <summary>Stores the mark of the leaf that was just added to the frontier.</summary>
    public static void Mark(Span<byte> marks, long size, in MerkleHash leaf) =>
        leaf.Bytes[..LedgerAudit.LeafMarkLength].CopyTo(marks[((int)((size - 1) % MerkleTree.TileWidth) * LedgerAudit.LeafMarkLength)..]);

    private void AddLeaves(Database database, NameCache names, long head)
    {
        Span<MerkleHash> leaves = stackalloc MerkleHash[MerkleTree.TileWidth];
        leaves = leaves[..(int)(head - Frontier.Size)];
        SqliteLedger.ReadLeaves(database, names, Frontier.Size, leaves);
        foreach (ref readonly var leaf in leaves)
        {
            Frontier.Append(leaf);
            Mark(Marks, Frontier.Size, leaf);
        }
    }
}
