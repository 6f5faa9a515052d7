namespace EventSourcing.Storage;

/// <summary>
/// Adds leaves to a Merkle tree, in the same way for every storage. The tiles that the leaves complete are kept here until the storage
/// takes them. The storage itself only reads and writes its stored parts of the tree. Not thread-safe.
/// </summary>
internal sealed class TreeGrowth
{
    /// <summary>The length of the marks of a tile's leaves, in bytes.</summary>
    public const int MarksLength = MerkleTree.TileWidth * LedgerAudit.LeafMarkLength;

    private readonly List<MerkleTile> _completed = [];
    private readonly List<GrownTile> _tiles = [];
    private readonly byte[] _marks;

    /// <summary>Begins with a tree that has no leaves.</summary>
    /// <param name="keepsMarks">Whether the storage stores marks of the leaves.</param>
    public TreeGrowth(bool keepsMarks)
        : this(new MerkleFrontier(), keepsMarks, [])
    {
    }

    /// <summary>Begins with an existing tree.</summary>
    /// <param name="frontier">The frontier of the tree. Each leaf that is added changes this object.</param>
    /// <param name="marks">The marks of its leaves since the last complete tile: at most <see cref="MarksLength"/> bytes.</param>
    public TreeGrowth(MerkleFrontier frontier, ReadOnlySpan<byte> marks)
        : this(frontier, keepsMarks: true, marks)
    {
    }

    private TreeGrowth(MerkleFrontier frontier, bool keepsMarks, ReadOnlySpan<byte> marks)
    {
        Frontier = frontier;
        _marks = keepsMarks ? new byte[MarksLength] : [];
        marks.CopyTo(_marks);
    }

    public MerkleFrontier Frontier { get; }

    /// <summary>The marks of the leaves since the last complete tile; empty if none are kept.</summary>
    public ReadOnlySpan<byte> Marks => _marks.AsSpan(0, _marks.Length == 0 ? 0 : NextMark);

    /// <summary>The tiles that were completed since <see cref="ClearTiles"/>, in the order of completion.</summary>
    public IReadOnlyList<GrownTile> Tiles => _tiles;

    private int NextMark => (int)(Frontier.Size % MerkleTree.TileWidth) * LedgerAudit.LeafMarkLength;

    /// <summary>Adds a leaf.</summary>
    public void Add(in MerkleHash leaf, LedgerHasher? hasher = null)
    {
        if (_marks.Length > 0) leaf.Bytes[..LedgerAudit.LeafMarkLength].CopyTo(_marks.AsSpan(NextMark));
        Frontier.Append(leaf, _completed, hasher);
        if (_completed.Count > 0) KeepCompleted();
    }

    /// <summary>Forgets the complete tiles, after the storage has stored them.</summary>
    public void ClearTiles() => _tiles.Clear();

    private void KeepCompleted()
    {
        foreach (var tile in _completed) _tiles.Add(new GrownTile(tile, tile.Level == 1 && _marks.Length > 0 ? [.. _marks] : null));
        _completed.Clear();
    }
}

/// <summary>A tile that is complete and to be stored.</summary>
/// <param name="Tile">The tile.</param>
/// <param name="Marks">The marks of its leaves, if it is of level 1 and marks are kept; else null.</param>
internal readonly record struct GrownTile(MerkleTile Tile, byte[]? Marks);
