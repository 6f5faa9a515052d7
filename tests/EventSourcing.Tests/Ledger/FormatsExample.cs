using EventSourcing.Ledger.Interop;

namespace EventSourcing.Tests.Ledger;

/// <summary>The worked example of FORMATS.md: a log of three events, whose keys and salts are published and so good for nothing else.</summary>
internal static class FormatsExample
{
    private static readonly byte[][] Data = ["""{"customer":"Ann"}"""u8.ToArray(), """{"product":"tea","quantity":2}"""u8.ToArray(), """{"place":"Åre"}"""u8.ToArray()];

    /// <summary>The seed of RFC 8032 §7.1, test 1.</summary>
    public static Ed25519NoteSigner Signer { get; } = new("shop.example/ledger", Convert.FromHexString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));

    public static IReadOnlyList<LedgerLeaf> Leaves { get; } =
    [
        Leaf(1, "order-17", 1, "order-placed", "", "customer:ann"),
        Leaf(2, "order-17", 2, "line-added", """{"user":"ann"}"""),
        Leaf(3, "order-18", 1, "order-placed@2", "", "region:Åre", "customer:bob"),
    ];

    /// <summary>What the page says, line by line, each of which a test looks for.</summary>
    public static async Task<IReadOnlyList<(string What, string Value)>> ValuesAsync()
    {
        var hashes = Leaves.Select(leaf => leaf.Hash()).ToList();
        var tree = new MerkleLevels();
        foreach (var hash in hashes) tree.Append(hash);
        var inclusion = await InclusionProof.BuildAsync(tree, 1, 3);
        var consistency = await ConsistencyProof.BuildAsync(tree, 2, 3);
        var note = await new Checkpoint("shop.example/ledger", 3, tree.Frontier.Root()).SignAsync([Signer]);
        return
        [
            ("data commitment of event 1", Leaves[0].DataCommitment.ToString()),
            ("metadata commitment of event 1", Leaves[0].MetadataCommitment.ToString()),
            ("metadata commitment of event 2", Leaves[1].MetadataCommitment.ToString()),
            ("bytes of leaf 1", Convert.ToHexStringLower(Leaves[0].ToBytes())),
            ("bytes of leaf 2", Convert.ToHexStringLower(Leaves[1].ToBytes())),
            ("bytes of leaf 3", Convert.ToHexStringLower(Leaves[2].ToBytes())),
            ("hash of leaf 1", hashes[0].ToString()),
            ("hash of leaf 2", hashes[1].ToString()),
            ("hash of leaf 3", hashes[2].ToString()),
            ("node over leaves 1 and 2", MerkleTree.HashNode(hashes[0], hashes[1]).ToString()),
            ("root", tree.Frontier.Root().ToString()),
            ("frontier", Convert.ToHexStringLower(tree.Frontier.ToBytes())),
            ("inclusion proof", Convert.ToHexStringLower(inclusion.ToBytes())),
            ("consistency proof", Convert.ToHexStringLower(consistency.ToBytes())),
            ("key", Signer.Verifier.ToString()),
            ("note", note.ToString()),
            ("proof file", new TlogProof(inclusion, note).ToString()),
        ];
    }

    private static LedgerLeaf Leaf(long position, string stream, long version, string type, string metadata, params string[] tags)
    {
        var salt = Enumerable.Repeat((byte)position, LedgerLeaf.SaltLength).ToArray();
        return new LedgerLeaf
        {
            Position = position,
            Version = version,
            RecordedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddTicks(position),
            Id = Guid.Parse($"0197a3c2-5f60-7000-8000-00000000000{position}"),
            Stream = stream,
            Type = type,
            Tags = tags,
            DataCommitment = LedgerLeaf.CommitToData(salt, Data[position - 1]),
            MetadataCommitment = LedgerLeaf.CommitToMetadata(System.Text.Encoding.UTF8.GetBytes(metadata)),
        };
    }
}
