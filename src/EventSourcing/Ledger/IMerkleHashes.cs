namespace EventSourcing;

/// <summary>
/// Where proofs are built from: the hashes of a tree's leaves and its complete tiles, as a storage keeps or computes them.
/// </summary>
public interface IMerkleHashes
{
    /// <summary>
    /// Reads hashes that lie together on one level: on level 0 those of leaves, on higher ones those of
    /// <see cref="MerkleTile"/>s. Asked only for what the tree of the size at hand has: a complete tile, at most
    /// <see cref="MerkleTree.TileWidth"/> hashes at once, and never across a multiple of it.
    /// </summary>
    /// <param name="level">0 for leaves, else the tiles' level.</param>
    /// <param name="first">The index of the first hash, from 0.</param>
    /// <param name="hashes">Takes the hashes, and says by its length how many.</param>
    /// <param name="cancellationToken">Abandons the read.</param>
    ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default);
}
