using EventSourcing.Ledger.Interop;

namespace EventSourcing.Tests.Ledger;

/// <summary>RFC 6962 §2.1 word for word, by recursion over all leaves: what the real tree is held against.</summary>
internal static class NaiveTree
{
    public static MerkleHash Root(ReadOnlySpan<MerkleHash> leaves) => leaves.Length switch
    {
        0 => MerkleTree.EmptyRoot,
        1 => leaves[0],
        _ => MerkleTree.HashNode(Root(leaves[..Split(leaves.Length)]), Root(leaves[Split(leaves.Length)..])),
    };

    /// <summary>PATH(m, D[n])</summary>
    public static List<MerkleHash> Path(int m, ReadOnlySpan<MerkleHash> leaves)
    {
        if (leaves.Length == 1) return [];
        var k = Split(leaves.Length);
        return m < k ? [.. Path(m, leaves[..k]), Root(leaves[k..])] : [.. Path(m - k, leaves[k..]), Root(leaves[..k])];
    }

    /// <summary>PROOF(m, D[n])</summary>
    public static List<MerkleHash> Proof(int m, ReadOnlySpan<MerkleHash> leaves) => SubProof(m, leaves, complete: true);

    /// <summary>Distinct leaves from a seed.</summary>
    public static MerkleHash[] Leaves(int count, int seed = 0) => [.. Enumerable.Range(0, count).Select(i => MerkleTree.HashLeaf(BitConverter.GetBytes(((long)seed << 32) + i)))];

    public static MerkleLevels Levels(IEnumerable<MerkleHash> leaves)
    {
        var levels = new MerkleLevels();
        foreach (var leaf in leaves) levels.Append(leaf);
        return levels;
    }

    private static List<MerkleHash> SubProof(int m, ReadOnlySpan<MerkleHash> leaves, bool complete)
    {
        if (m == leaves.Length) return complete ? [] : [Root(leaves)];
        var k = Split(leaves.Length);
        return m <= k ? [.. SubProof(m, leaves[..k], complete), Root(leaves[k..])] : [.. SubProof(m - k, leaves[k..], complete: false), Root(leaves[..k])];
    }

    private static int Split(int n)
    {
        var k = 1;
        while (k * 2 < n) k *= 2;
        return k;
    }
}
