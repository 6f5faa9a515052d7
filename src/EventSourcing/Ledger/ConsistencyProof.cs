using System.Numerics;

namespace EventSourcing.Ledger;

/// <summary>
/// Proof that a tree has only grown from one size to another, by RFC 6962 §2.1.2: the first leaves of the larger tree are all
/// leaves of the smaller, in the same order. Immutable.
/// </summary>
/// <remarks>
/// <para>For two trees of one size, the proof only shows that they are equal, and has no hashes. Every tree is a growth of the
/// empty one, so there is no such proof: both sizes are at least 1.</para>
/// <para>As bytes: the mark <c>45 43 31 00</c> ("EC1" and a zero), the old and the new size as 8 bytes each, big-endian, and
/// the hashes, 32 bytes each, in the order of RFC 6962. Their number follows from the sizes; nothing follows them.</para>
/// </remarks>
public sealed class ConsistencyProof
{
    private const string What = "a consistency proof";
    private readonly MerkleHash[] _hashes;

    /// <summary>Creates a proof from its parts.</summary>
    /// <param name="oldSize">The number of the smaller tree's leaves, from 1.</param>
    /// <param name="newSize">The number of the larger tree's leaves.</param>
    /// <param name="hashes">The hashes, in the order of RFC 6962.</param>
    /// <exception cref="ArgumentException">
    /// The old size is below 1 or above the new, or the number of hashes is not the one that follows from the sizes.
    /// </exception>
    public ConsistencyProof(long oldSize, long newSize, IReadOnlyList<MerkleHash> hashes)
    {
        ArgumentNullException.ThrowIfNull(hashes);
        ArgumentOutOfRangeException.ThrowIfLessThan(oldSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, newSize);
        if (hashes.Count != HashCount(oldSize, newSize))
            throw new ArgumentException(
                $"The proof from size {oldSize} to {newSize} has {HashCount(oldSize, newSize)} hashes; these are {hashes.Count}.",
                nameof(hashes));
        OldSize = oldSize;
        NewSize = newSize;
        _hashes = [.. hashes];
    }

    /// <summary>The number of the smaller tree's leaves.</summary>
    public long OldSize { get; }

    /// <summary>The number of the larger tree's leaves.</summary>
    public long NewSize { get; }

    /// <summary>The hashes, in the order of RFC 6962.</summary>
    public IReadOnlyList<MerkleHash> Hashes => _hashes.AsReadOnly();

    private static ReadOnlySpan<byte> Tag => "EC1\0"u8;

    /// <summary>Builds a proof from a stored tree: O(log n) hashes and a few blocks of 256 are read.</summary>
    /// <param name="hashes">The tree's leaves and tiles, used unchecked: a proof made from wrong ones does not verify.</param>
    /// <param name="oldSize">The earlier size, from 1.</param>
    /// <param name="newSize">The later size, at most what is stored.</param>
    /// <param name="frontier">An available frontier. If it has the new size, the blocks at the right edge need not be read.</param>
    /// <param name="cancellationToken">Abandons the reads.</param>
    /// <returns>The proof.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The old size is below 1 or above the new.</exception>
    public static async ValueTask<ConsistencyProof> BuildAsync(
        IMerkleHashes hashes, long oldSize, long newSize, MerkleFrontier? frontier = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(hashes);
        ArgumentOutOfRangeException.ThrowIfLessThan(oldSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, newSize);
        if (oldSize == newSize) return new ConsistencyProof(oldSize, newSize, []);
        using var blocks = new MerkleBlocks(hashes, newSize, frontier);
        var path = new List<MerkleHash>();
        var (from, to) = (0L, newSize);
        while (to != oldSize)
        {
            var middle = from + (1L << BitOperations.Log2((ulong)(to - from - 1)));
            var sibling = oldSize <= middle
                ? blocks.RootAsync(middle, to, cancellationToken)
                : blocks.RootAsync(from, middle, cancellationToken);
            path.Add(await sibling.ConfigureAwait(false));
            (from, to) = oldSize <= middle ? (from, middle) : (middle, to);
        }

        // If the old tree is a subtree of the new one, the verifier knows its root.
        if (from > 0) path.Add(await blocks.RootAsync(from, to, cancellationToken).ConfigureAwait(false));
        path.Reverse();
        return new ConsistencyProof(oldSize, newSize, path);
    }

    /// <summary>Reads what <see cref="ToBytes"/> has written.</summary>
    /// <param name="bytes">All its bytes.</param>
    /// <returns>The proof.</returns>
    /// <exception cref="LedgerFormatException">The bytes are not a consistency proof.</exception>
    public static ConsistencyProof Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(What, bytes);
        reader.Tag(Tag);
        var oldSize = reader.Number("the old size", atLeast: 1);
        var newSize = reader.Number("the new size", atLeast: oldSize);
        return new ConsistencyProof(oldSize, newSize, reader.Hashes(HashCount(oldSize, newSize)));
    }

    /// <summary>Whether the proof shows that the tree of one root has grown into that of the other.</summary>
    /// <param name="oldRoot">The root at the old size, from a checkpoint that you trust.</param>
    /// <param name="newRoot">The root at the new size.</param>
    /// <returns><see langword="false"/> if anything does not fit.</returns>
    public bool Verify(in MerkleHash oldRoot, in MerkleHash newRoot)
    {
        if (OldSize == NewSize) return oldRoot == newRoot;
        var start = StartsFromTheOldRoot(OldSize) ? 0 : 1;
        var seed = start == 0 ? oldRoot : _hashes[0];
        var (oldHash, newHash) = (seed, seed);
        var way = OldSize - 1 >> BitOperations.TrailingZeroCount(OldSize);
        var inner = InnerCount(OldSize, NewSize);
        for (var i = start; i < _hashes.Length; i++)
        {
            var level = i - start;
            if (level < inner && (way >> level & 1) == 0)
            {
                newHash = MerkleTree.HashNode(newHash, _hashes[i]); // to the right of the whole old tree
                continue;
            }

            oldHash = MerkleTree.HashNode(_hashes[i], oldHash);
            newHash = MerkleTree.HashNode(_hashes[i], newHash);
        }

        return oldHash == oldRoot && newHash == newRoot;
    }

    /// <summary>The proof as bytes.</summary>
    /// <returns>The bytes that the type's remarks describe.</returns>
    public byte[] ToBytes() => ProofBytes.Write(Tag, OldSize, NewSize, _hashes);

    private static int HashCount(long oldSize, long newSize)
    {
        if (oldSize == newSize) return 0;
        var inner = InnerCount(oldSize, newSize);
        var border = BitOperations.PopCount((ulong)(oldSize - 1) >> (inner + BitOperations.TrailingZeroCount(oldSize)));
        return (StartsFromTheOldRoot(oldSize) ? 0 : 1) + inner + border;
    }

    private static bool StartsFromTheOldRoot(long oldSize) => BitOperations.IsPow2(oldSize);

    /// <summary>
    /// The number of levels, from the old tree's last complete subtree upwards, on which its path differs from that of the new
    /// tree's last leaf.
    /// </summary>
    private static int InnerCount(long oldSize, long newSize) =>
        64 - BitOperations.LeadingZeroCount((ulong)((oldSize - 1) ^ (newSize - 1))) - BitOperations.TrailingZeroCount(oldSize);
}
