using System.Buffers.Binary;
using System.Numerics;

namespace EventSourcing.Ledger;

/// <summary>
/// The part of a tree that is needed to append to it and to know its root: the roots of the complete subtrees that its leaves
/// form, from left to right, one for each 1 in its binary size. An append costs one hash on average and allocates nothing. Not
/// thread-safe.
/// </summary>
/// <remarks>
/// As bytes: the mark <c>45 46 31 00</c> ("EF1" and a zero), the size as 8 bytes, big-endian, and the hashes, 32 bytes each,
/// the largest subtree's first; nothing else.
/// </remarks>
public sealed class MerkleFrontier
{
    private const string What = "the frontier of a tree";
    private readonly MerkleHash[] _hashes = new MerkleHash[63];
    private int _count;

    /// <summary>Creates the frontier of the empty tree.</summary>
    public MerkleFrontier()
    {
    }

    /// <summary>The number of leaves.</summary>
    public long Size { get; private set; }

    /// <summary>The roots of the complete subtrees, the largest first. Valid until the next append.</summary>
    public ReadOnlySpan<MerkleHash> Hashes => _hashes.AsSpan(0, _count);

    /// <summary>How many bytes <see cref="WriteTo"/> writes.</summary>
    public int ByteCount => Tag.Length + sizeof(ulong) + _count * MerkleHash.Length;

    private static ReadOnlySpan<byte> Tag => "EF1\0"u8;

    /// <summary>
    /// The frontier of a stored tree, at its present or any earlier size: O(log n) hashes and a few blocks of 256 are read.
    /// </summary>
    /// <param name="hashes">
    /// The tree's leaves and tiles. They are used unchecked: compare <see cref="Root"/> with one that you trust.
    /// </param>
    /// <param name="size">The size, at most what is stored.</param>
    /// <param name="cancellationToken">Abandons the read.</param>
    /// <returns>The frontier.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is negative.</exception>
    public static async ValueTask<MerkleFrontier> ReadAsync(IMerkleHashes hashes, long size, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(hashes);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        using var blocks = new MerkleBlocks(hashes, size);
        return new MerkleFrontier(size, await blocks.SubtreesAsync(0, size, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Reads what <see cref="WriteTo"/> has written.</summary>
    /// <param name="bytes">All its bytes.</param>
    /// <returns>The frontier.</returns>
    /// <exception cref="LedgerFormatException">The bytes are not a frontier.</exception>
    public static MerkleFrontier Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(What, bytes);
        reader.Tag(Tag);
        var size = reader.Number("the size", atLeast: 0);
        return new MerkleFrontier(size, reader.Hashes(BitOperations.PopCount((ulong)size)));
    }

    private MerkleFrontier(long size, ReadOnlySpan<MerkleHash> hashes)
    {
        hashes.CopyTo(_hashes);
        _count = hashes.Length;
        Size = size;
    }

    /// <summary>Appends a leaf.</summary>
    /// <param name="leaf">The leaf's hash.</param>
    /// <param name="completed">
    /// Receives the tiles that this leaf completes, lowest first: one at every 256th leaf, two at every 65,536th.
    /// </param>
    /// <param name="hasher">Computes the hashes faster, for callers that append many leaves; optional.</param>
    /// <exception cref="InvalidOperationException">The tree has as many leaves as a signed number of 64 bits can count.</exception>
    public void Append(in MerkleHash leaf, ICollection<MerkleTile>? completed = null, LedgerHasher? hasher = null)
    {
        if (Size == long.MaxValue) throw new InvalidOperationException($"The tree has {Size} leaves and can take no more.");
        Append(leaf, height: 0, completed, hasher);
    }

    /// <summary>
    /// Appends a complete subtree of 2^height leaves; the size must be a multiple of that. Tiles below its root are not
    /// reported.
    /// </summary>
    internal void Append(in MerkleHash subtree, int height, ICollection<MerkleTile>? completed = null, LedgerHasher? hasher = null)
    {
        var hash = subtree;
        var size = Size >> height;
        if (height > 0 && height % MerkleTree.TileHeight == 0) completed?.Add(new MerkleTile(height / MerkleTree.TileHeight, size, hash));
        Size += 1L << height;
        for (; (size & 1) == 1; size >>= 1)
        {
            _count--;
            hash = hasher is null ? MerkleTree.HashNode(_hashes[_count], hash) : hasher.HashNode(_hashes[_count], hash);
            if (++height % MerkleTree.TileHeight == 0) completed?.Add(new MerkleTile(height / MerkleTree.TileHeight, size >> 1, hash));
        }

        _hashes[_count++] = hash;
    }

    /// <summary>The root of the tree. Costs one hash less than there are 1s in its binary size.</summary>
    /// <returns>The root.</returns>
    public MerkleHash Root() => MerkleTree.Join(Hashes);

    /// <summary>An independent copy, e.g. to append to while it is not certain that a transaction will commit.</summary>
    /// <returns>The copy.</returns>
    public MerkleFrontier Copy() => new(Size, Hashes);

    /// <summary>Writes the frontier as bytes.</summary>
    /// <param name="destination">Takes the bytes: at least <see cref="ByteCount"/>.</param>
    /// <returns>The number of bytes written.</returns>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public int WriteTo(Span<byte> destination)
    {
        if (destination.Length < ByteCount)
        {
            throw new ArgumentException(
                $"The frontier takes {ByteCount} bytes; there is room for {destination.Length}.", nameof(destination));
        }

        Tag.CopyTo(destination);
        BinaryPrimitives.WriteInt64BigEndian(destination[Tag.Length..], Size);
        var rest = destination[(Tag.Length + sizeof(ulong))..];
        for (var i = 0; i < _count; i++) _hashes[i].Bytes.CopyTo(rest[(i * MerkleHash.Length)..]);
        return ByteCount;
    }

    /// <summary>The frontier as bytes.</summary>
    /// <returns>The bytes of <see cref="WriteTo"/>.</returns>
    public byte[] ToBytes()
    {
        var bytes = new byte[ByteCount];
        WriteTo(bytes);
        return bytes;
    }
}
