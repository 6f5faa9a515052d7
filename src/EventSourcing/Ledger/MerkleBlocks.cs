using System.Numerics;

namespace EventSourcing.Ledger;

/// <summary>
/// The hash of any subtree of a tree of a certain size, from a source read in whole blocks of 256, each at most once: a proof
/// touches at most two blocks of each level, the event's block and the one at the right edge.
/// </summary>
internal sealed class MerkleBlocks(IMerkleHashes source, long size, MerkleFrontier? frontier = null) : IDisposable
{
    private readonly LedgerHasher _hasher = new();

    /// <summary>The subtrees at the right edge, if available; a copy, because a frontier keeps changing.</summary>
    private readonly MerkleHash[]? _edge = frontier?.Size == size ? frontier.Hashes.ToArray() : null;
    private readonly Dictionary<(int Level, long Block), MerkleHash[]> _read = [];

    public void Dispose() => _hasher.Dispose();

    /// <summary>
    /// The root over the leaves from <paramref name="from"/> (inclusive) to <paramref name="to"/> (exclusive). The first
    /// must be a point at which RFC 6962 splits the tree.
    /// </summary>
    public async ValueTask<MerkleHash> RootAsync(long from, long to, CancellationToken cancellationToken) =>
        MerkleTree.Join(await SubtreesAsync(from, to, cancellationToken).ConfigureAwait(false));

    /// <summary>
    /// The roots of the complete subtrees that make up a range of leaves, from left to right, each smaller than the one before.
    /// </summary>
    public async ValueTask<MerkleHash[]> SubtreesAsync(long from, long to, CancellationToken cancellationToken)
    {
        var roots = new MerkleHash[BitOperations.PopCount((ulong)(to - from))];

        // The range does not begin within the last of them.
        if (to == size && (from & (to - from)) == 0 && _edge is not null) return _edge[^roots.Length..];
        for (var i = 0; i < roots.Length; i++)
        {
            var height = BitOperations.Log2((ulong)(to - from));
            roots[i] = await CompleteAsync(height, from >> height, cancellationToken).ConfigureAwait(false);
            from += 1L << height;
        }

        return roots;
    }

    /// <summary>The root of a complete subtree: from the level at or below its top.</summary>
    private async ValueTask<MerkleHash> CompleteAsync(int height, long index, CancellationToken cancellationToken)
    {
        var (level, above) = Math.DivRem(height, MerkleTree.TileHeight);
        var first = index << above;
        var block = await BlockAsync(level, first / MerkleTree.TileWidth, cancellationToken).ConfigureAwait(false);
        return Merge(block.AsSpan((int)(first % MerkleTree.TileWidth), 1 << above));
    }

    private MerkleHash Merge(ReadOnlySpan<MerkleHash> hashes) =>
        hashes.Length == 1 ? hashes[0] : _hasher.HashNode(Merge(hashes[..(hashes.Length / 2)]), Merge(hashes[(hashes.Length / 2)..]));

    private async ValueTask<MerkleHash[]> BlockAsync(int level, long block, CancellationToken cancellationToken)
    {
        if (_read.TryGetValue((level, block), out var hashes)) return hashes;
        var first = block * MerkleTree.TileWidth;
        hashes = new MerkleHash[Math.Min(MerkleTree.TileWidth, (size >> (level * MerkleTree.TileHeight)) - first)];
        await source.ReadAsync(level, first, hashes, cancellationToken).ConfigureAwait(false);
        _read.Add((level, block), hashes);
        return hashes;
    }
}
