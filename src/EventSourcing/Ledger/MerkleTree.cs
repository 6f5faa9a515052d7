using System.Security.Cryptography;

namespace EventSourcing.Ledger;

/// <summary>
/// The hashes of an RFC 6962 Merkle tree, with SHA-256: leaf = H(0x00 ‖ data), node = H(0x01 ‖ left ‖ right), and the tree over
/// no leaves has the root H(). In the tree of a log, leaf 0 is the event at position 1.
/// </summary>
public static class MerkleTree
{
    /// <summary>
    /// The number of consecutive hashes of one level that make one stored hash of the next: see <see cref="MerkleTile"/>.
    /// </summary>
    public const int TileWidth = 256;

    /// <summary>The height of a subtree over <see cref="TileWidth"/> leaves.</summary>
    internal const int TileHeight = 8;

    internal const byte LeafMark = 0;
    internal const byte NodeMark = 1;

    /// <summary>The root of the empty tree.</summary>
    public static MerkleHash EmptyRoot { get; } = new(SHA256.HashData([]));

    /// <summary>The hash of a leaf.</summary>
    /// <param name="data">The leaf's bytes; for an event those of <see cref="LedgerLeaf"/>.</param>
    /// <returns>H(0x00 ‖ data).</returns>
    public static MerkleHash HashLeaf(ReadOnlySpan<byte> data) => PrefixedHash.Of(LeafMark, [], data);

    /// <summary>The hash of a node.</summary>
    /// <param name="left">The hash to its left.</param>
    /// <param name="right">The hash to its right.</param>
    /// <returns>H(0x01 ‖ left ‖ right).</returns>
    public static MerkleHash HashNode(in MerkleHash left, in MerkleHash right)
    {
        Span<byte> input = stackalloc byte[1 + 2 * MerkleHash.Length];
        input[0] = NodeMark;
        left.Bytes.CopyTo(input[1..]);
        right.Bytes.CopyTo(input[(1 + MerkleHash.Length)..]);
        Span<byte> hash = stackalloc byte[MerkleHash.Length];
        SHA256.HashData(input, hash);
        return new MerkleHash(hash);
    }

    /// <summary>The root over subtrees from left to right, each higher than all to its right.</summary>
    internal static MerkleHash Join(ReadOnlySpan<MerkleHash> subtrees)
    {
        if (subtrees.IsEmpty) return EmptyRoot;
        var root = subtrees[^1];
        for (var i = subtrees.Length - 2; i >= 0; i--) root = HashNode(subtrees[i], root);
        return root;
    }
}
