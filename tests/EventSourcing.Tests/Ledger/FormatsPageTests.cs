namespace EventSourcing.Tests.Ledger;

public class FormatsPageTests
{
    private static string Page { get; } = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Ledger", "FORMATS.md"));

    [Fact]
    public async Task The_example_on_the_page_is_what_the_library_computes()
    {
        foreach (var (what, value) in await FormatsExample.ValuesAsync()) Page.Should().Contain(value, "that is the {0}", what);
    }

    /// <summary>By nothing but what stands on the page: its bytes, its texts, and SHA-256.</summary>
    [Fact]
    public void The_example_on_the_page_verifies_from_the_page_alone()
    {
        var blocks = Page.Split("```text\n").Skip(1).Select(block => block.Split("```")[0]).ToList();
        var leaves = blocks.Take(3).Select(hex => Convert.FromHexString(hex.Trim())).ToList();
        var key = NoteKey.Parse(blocks[6].Trim());
        var proof = TlogProof.Parse(blocks[8]);

        var checkpoint = proof.Verify(leaves[1], "shop.example/ledger", key);
        proof.Note.ToString().Should().Be(blocks[7]);
        Convert.ToHexStringLower(proof.Inclusion.ToBytes()).Should().Be(blocks[4].Trim());
        MerkleFrontier.Parse(Convert.FromHexString(blocks[3].Trim())).Root().Should().Be(checkpoint.Root);
        ConsistencyProof.Parse(Convert.FromHexString(blocks[5].Trim()))
            .Verify(MerkleTree.HashNode(MerkleTree.HashLeaf(leaves[0]), MerkleTree.HashLeaf(leaves[1])), checkpoint.Root).Should().BeTrue();
        leaves.Select(leaf => LedgerLeaf.Parse(leaf).Position).Should().Equal(1, 2, 3);
        proof.Invoking(p => p.Verify(leaves[0], "shop.example/ledger", key)).Should().Throw<LedgerVerificationException>();

        var told = new TlogProof(proof.Inclusion, proof.Note, Convert.FromHexString(blocks[9].Trim()));
        var shown = EventDisclosure.Open(told, "shop.example/ledger", key);
        System.Text.Encoding.UTF8.GetString(shown.Data!.Value.Span).Should().Be("""{"product":"tea","quantity":2}""");
    }
}
