namespace EventSourcing.Ledger;

/// <summary>
/// The source of proofs: the hashes of a tree's leaves and its complete tiles, as a storage keeps or computes them.
/// </summary>
public interface IMerkleHashes
{
    /// <summary>
    /// Reads consecutive hashes of one level: on level 0 those of leaves, on higher ones those of <see cref="MerkleTile"/>s. It
    /// is asked only for hashes that the tree of the current size has: complete tiles, at most
    /// <see cref="MerkleTree.TileWidth"/> hashes at once, and never across a multiple of that.
    /// </summary>
    /// <param name="level">0 for leaves, else the tiles' level.</param>
    /// <param name="first">The index of the first hash, from 0.</param>
    /// <param name="hashes">Takes the hashes; its length is their number.</param>
    /// <param name="cancellationToken">Abandons the read.</param>
    ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default);
}
