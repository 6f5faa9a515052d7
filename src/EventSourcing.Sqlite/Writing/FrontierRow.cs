namespace EventSourcing;

/// <summary>
/// The content of the ledger's row: the tree as of the last completed hashing, so that it can be stored while newer leaves
/// are still being hashed.
/// </summary>
internal sealed class FrontierRow
{
    private readonly byte[] _frontier = new byte[12 + (63 * MerkleHash.Length)];
    private readonly byte[] _marks = new byte[MerkleTree.TileWidth * LedgerAudit.LeafMarkLength];
    private int _length;

    /// <summary>The number of leaves.</summary>
    public long Size { get; private set; }

    /// <summary>Takes the current state of the tree.</summary>
    public void Take(TreeGrowth tree)
    {
        Size = tree.Frontier.Size;
        _length = tree.Frontier.WriteTo(_frontier);
        tree.Marks.CopyTo(_marks);
    }

    /// <summary>Stores the row, in the caller's transaction.</summary>
    public void Store(Database database) =>
        database.Prepare("UPDATE ledger SET frontier = ?1, marks = ?2 WHERE id = 0")
            .Bind(1, _frontier.AsSpan(0, _length))
            .Bind(2, _marks.AsSpan(0, (int)(Size % MerkleTree.TileWidth) * LedgerAudit.LeafMarkLength))
            .Run();
}
