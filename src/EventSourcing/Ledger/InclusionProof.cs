using System.Numerics;

namespace EventSourcing.Ledger;

/// <summary>
/// Proof that a leaf is in a tree, by RFC 6962 §2.1.1: the hashes beside the path from the leaf up to the root. Immutable.
/// </summary>
/// <remarks>
/// <para>A root alone does not tell the size; a signed checkpoint states that a root has a certain size. A proof holds for
/// every size that gives the leaf the same path.</para>
/// <para>As bytes: the mark <c>45 49 31 00</c> ("EI1" and a zero), index and size as 8 bytes each, big-endian, and the hashes,
/// 32 bytes each, the leaf's neighbour first. Their number follows from index and size; nothing follows them.</para>
/// </remarks>
public sealed class InclusionProof
{
    private const string What = "an inclusion proof";
    private readonly MerkleHash[] _hashes;

    /// <summary>Creates a proof from its parts.</summary>
    /// <param name="index">The leaf's index, from 0.</param>
    /// <param name="size">The number of the tree's leaves.</param>
    /// <param name="hashes">The hashes, the leaf's neighbour first.</param>
    /// <exception cref="ArgumentException">
    /// The index is not in the tree, or the number of hashes is not the one that follows from index and size.
    /// </exception>
    public InclusionProof(long index, long size, IReadOnlyList<MerkleHash> hashes)
    {
        ArgumentNullException.ThrowIfNull(hashes);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        if (hashes.Count != HashCount(index, size))
            throw new ArgumentException(
                $"The proof of leaf {index} in a tree of {size} has {HashCount(index, size)} hashes; these are {hashes.Count}.",
                nameof(hashes));
        Index = index;
        Size = size;
        _hashes = [.. hashes];
    }

    /// <summary>The leaf's index, from 0: an event's position less one.</summary>
    public long Index { get; }

    /// <summary>The number of the tree's leaves.</summary>
    public long Size { get; }

    /// <summary>The hashes, the leaf's neighbour first.</summary>
    public IReadOnlyList<MerkleHash> Hashes => _hashes.AsReadOnly();

    private static ReadOnlySpan<byte> Tag => "EI1\0"u8;

    /// <summary>Builds a proof from a stored tree: O(log n) hashes and a few blocks of 256 are read.</summary>
    /// <param name="hashes">The tree's leaves and tiles, used unchecked: a proof made from wrong ones does not verify.</param>
    /// <param name="index">The leaf's index, from 0.</param>
    /// <param name="size">The size of the tree to prove it in, at most what is stored.</param>
    /// <param name="frontier">An available frontier. If it has the given size, the blocks at the right edge need not be read.</param>
    /// <param name="cancellationToken">Abandons the reads.</param>
    /// <returns>The proof.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The index is not in a tree of this size.</exception>
    public static async ValueTask<InclusionProof> BuildAsync(
        IMerkleHashes hashes, long index, long size, MerkleFrontier? frontier = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(hashes);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        using var blocks = new MerkleBlocks(hashes, size, frontier);
        var path = new List<MerkleHash>();
        var (from, to) = (0L, size);
        while (to - from > 1)
        {
            // The tree splits at the largest power of two below the number of leaves.
            var middle = from + (1L << BitOperations.Log2((ulong)(to - from - 1)));
            var sibling = index < middle
                ? blocks.RootAsync(middle, to, cancellationToken)
                : blocks.RootAsync(from, middle, cancellationToken);
            path.Add(await sibling.ConfigureAwait(false));
            (from, to) = index < middle ? (from, middle) : (middle, to);
        }

        path.Reverse();
        return new InclusionProof(index, size, path);
    }

    /// <summary>Reads what <see cref="ToBytes"/> has written.</summary>
    /// <param name="bytes">All its bytes.</param>
    /// <returns>The proof.</returns>
    /// <exception cref="LedgerFormatException">The bytes are not an inclusion proof.</exception>
    public static InclusionProof Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(What, bytes);
        reader.Tag(Tag);
        var index = reader.Number("the index", atLeast: 0, atMost: long.MaxValue - 1);
        var size = reader.Number("the size", atLeast: index + 1);
        return new InclusionProof(index, size, reader.Hashes(HashCount(index, size)));
    }

    /// <summary>Whether the proof leads from a leaf to a root.</summary>
    /// <param name="leaf">The leaf's hash; compute it from what you know of the event.</param>
    /// <param name="root">The root, from a checkpoint that you trust.</param>
    /// <returns><see langword="false"/> if anything does not fit.</returns>
    public bool Verify(in MerkleHash leaf, in MerkleHash root)
    {
        var hash = leaf;
        var inner = InnerCount(Index, Size);
        for (var i = 0; i < _hashes.Length; i++)
        {
            var neighbourIsRight = i < inner && (Index >> i & 1) == 0;
            hash = neighbourIsRight ? MerkleTree.HashNode(hash, _hashes[i]) : MerkleTree.HashNode(_hashes[i], hash);
        }

        return hash == root;
    }

    /// <summary>The proof as bytes.</summary>
    /// <returns>The bytes that the type's remarks describe.</returns>
    public byte[] ToBytes() => ProofBytes.Write(Tag, Index, Size, _hashes);

    /// <summary>The number of hashes that <see cref="Hashes"/> must have.</summary>
    internal static int HashCount(long index, long size)
    {
        var inner = InnerCount(index, size);
        return inner + BitOperations.PopCount((ulong)index >> inner);
    }

    /// <summary>
    /// The number of levels on which the paths of the leaf and of the last leaf differ: only there can a neighbour be to the
    /// right.
    /// </summary>
    private static int InnerCount(long index, long size) => 64 - BitOperations.LeadingZeroCount((ulong)(index ^ (size - 1)));
}
