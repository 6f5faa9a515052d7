namespace EventSourcing.Tests.Ledger;

public class MerkleTreeTests
{
    // The leaves and roots of the reference tree of RFC 6962's first implementation: google/certificate-transparency,
    // python/ct/crypto/merkle_test.py; the same in transparency-dev/merkle, testonly/constants.go.
    private static readonly string[] ReferenceLeaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    private static readonly string[] ReferenceRoots =
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Fact]
    public void Append_the_reference_leaves_gives_the_reference_roots()
    {
        var frontier = new MerkleFrontier();
        frontier.Root().ToString().Should().Be(ReferenceRoots[0]);
        for (var i = 0; i < ReferenceLeaves.Length; i++)
        {
            frontier.Append(MerkleTree.HashLeaf(Convert.FromHexString(ReferenceLeaves[i])));
            frontier.Root().ToString().Should().Be(ReferenceRoots[i + 1]);
            frontier.Size.Should().Be(i + 1);
        }
    }

    [Fact]
    public void Hash_leaves_and_nodes_with_different_marks()
    {
        MerkleTree.HashLeaf("L123456"u8).ToString().Should().Be("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
        var (left, right) = (MerkleTree.HashLeaf("a"u8), MerkleTree.HashLeaf("b"u8));
        MerkleTree.HashNode(left, right).Should().NotBe(MerkleTree.HashNode(right, left));
        MerkleTree.HashNode(left, right).Should().NotBe(MerkleTree.HashLeaf([.. left.Bytes, .. right.Bytes]));
    }

    [Theory]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(65535)]
    [InlineData(65536)]
    [InlineData(1_000_000)]
    public void Hash_a_leaf_of_any_length_is_the_hash_of_mark_and_bytes(int length)
    {
        var data = new byte[length];
        new Random(1).NextBytes(data);
        MerkleTree.HashLeaf(data).Bytes.SequenceEqual(System.Security.Cryptography.SHA256.HashData([0, .. data])).Should().BeTrue();
    }

    [Fact]
    public void Hashes_are_equal_by_their_bytes()
    {
        var bytes = MerkleTree.EmptyRoot.Bytes.ToArray();
        var hash = new MerkleHash(bytes);
        hash.Should().Be(MerkleTree.EmptyRoot);
        (hash == MerkleTree.EmptyRoot, hash != MerkleTree.EmptyRoot, hash.GetHashCode() == MerkleTree.EmptyRoot.GetHashCode()).Should().Be((true, false, true));
        for (var bit = 0; bit < 256; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            new MerkleHash(bytes).Should().NotBe(hash);
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }

        hash.ToString().Should().Be(ReferenceRoots[0]);
        FluentActions.Invoking(() => new MerkleHash(new byte[31])).Should().Throw<ArgumentException>().WithMessage("A hash has 32 bytes; these are 31.*");
        FluentActions.Invoking(() => new MerkleHash(new byte[33])).Should().Throw<ArgumentException>();
    }
}
