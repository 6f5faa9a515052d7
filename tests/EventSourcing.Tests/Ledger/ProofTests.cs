using System.Numerics;

namespace EventSourcing.Tests.Ledger;

public class ProofTests
{
    private const int Small = 64;

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Build_and_verify_each_inclusion_in_each_small_tree_as_the_RFC_has_it()
    {
        var leaves = NaiveTree.Leaves(Small);
        var stored = NaiveTree.Levels(leaves);
        for (var size = 1; size <= Small; size++)
        {
            var root = NaiveTree.Root(leaves.AsSpan(0, size));
            var frontier = NaiveTree.Levels(leaves[..size]).Frontier;
            for (var index = 0; index < size; index++)
            {
                var proof = await InclusionProof.BuildAsync(stored, index, size);
                (await InclusionProof.BuildAsync(stored, index, size, frontier)).Hashes.Should().Equal(proof.Hashes);
                proof.Hashes.Should().Equal(NaiveTree.Path(index, leaves.AsSpan(0, size)));
                Enumerable.Range(0, Small).Where(other => proof.Verify(leaves[other], root)).Should().Equal(index);
            }
        }
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Build_and_verify_each_consistency_of_small_trees_as_the_RFC_has_it()
    {
        var leaves = NaiveTree.Leaves(Small);
        var stored = NaiveTree.Levels(leaves);
        var roots = Enumerable.Range(0, Small + 1).Select(size => NaiveTree.Root(leaves.AsSpan(0, size))).ToList();
        for (var newSize = 1; newSize <= Small; newSize++)
        {
            var frontier = NaiveTree.Levels(leaves[..newSize]).Frontier;
            for (var oldSize = 1; oldSize <= newSize; oldSize++)
            {
                var proof = await ConsistencyProof.BuildAsync(stored, oldSize, newSize);
                proof.Hashes.Should().Equal(NaiveTree.Proof(oldSize, leaves.AsSpan(0, newSize)));
                (await ConsistencyProof.BuildAsync(stored, oldSize, newSize, frontier)).Hashes.Should().Equal(proof.Hashes);
                proof.Verify(roots[oldSize], roots[newSize]).Should().BeTrue();
                Enumerable.Range(0, Small + 1).Where(other => proof.Verify(roots[other], roots[newSize])).Should().Equal(oldSize);
                Enumerable.Range(0, Small + 1).Where(other => proof.Verify(roots[oldSize], roots[other])).Should().Equal(newSize);
            }
        }
    }

    [Fact]
    public async Task Prove_in_another_history_is_refused()
    {
        var leaves = NaiveTree.Leaves(40);
        var forged = leaves.ToArray();
        forged[11] = MerkleTree.HashLeaf("forged"u8);
        var stored = NaiveTree.Levels(forged);
        for (var size = 12; size < 40; size++)
        {
            (await ConsistencyProof.BuildAsync(stored, size, 40)).Verify(NaiveTree.Root(leaves.AsSpan(0, size)), NaiveTree.Root(forged)).Should().BeFalse();
            (await InclusionProof.BuildAsync(stored, 11, size)).Verify(leaves[11], NaiveTree.Root(forged.AsSpan(0, size))).Should().BeFalse();
        }
    }

    /// <summary>With trees that have tiles of two levels, and sizes around where these begin.</summary>
    [Fact]
    public async Task Build_from_tiles_gives_what_all_leaves_give_and_reads_little()
    {
        var leaves = NaiveTree.Leaves(66_000);
        var stored = new CountingHashes(NaiveTree.Levels(leaves));
        var random = new Random(11);
        foreach (var size in new[] { 255, 256, 257, 511, 512, 513, 4_000, 65_536, 66_000 })
        {
            var root = NaiveTree.Root(leaves.AsSpan(0, size));
            foreach (var index in size < 10_000 ? new[] { 0, size / 2, size - 1, random.Next(size) } : [random.Next(size)])
            {
                stored.Reset();
                var proof = await InclusionProof.BuildAsync(stored, index, size);
                proof.Hashes.Should().Equal(NaiveTree.Path(index, leaves.AsSpan(0, size)));
                proof.Verify(leaves[index], root).Should().BeTrue();
                stored.Reads.Should().BeLessThanOrEqualTo(5, "two blocks of leaves, two of tiles, and the tile over these");

                stored.Reset();
                var consistency = await ConsistencyProof.BuildAsync(stored, index + 1, size);
                consistency.Hashes.Should().Equal(NaiveTree.Proof(index + 1, leaves.AsSpan(0, size)));
                stored.Reads.Should().BeLessThanOrEqualTo(5);

                var frontier = await MerkleFrontier.ReadAsync(stored, size);
                stored.Reset();
                (await InclusionProof.BuildAsync(stored, index, size, frontier)).ToBytes().Should().Equal(proof.ToBytes());
                stored.Reads.Should().BeLessThanOrEqualTo(3, "the right edge is at hand");
                (await ConsistencyProof.BuildAsync(stored, index + 1, size, frontier)).ToBytes().Should().Equal(consistency.ToBytes());
                frontier.Append(leaves[0]);
                (await InclusionProof.BuildAsync(stored, index, size, frontier)).ToBytes().Should().Equal(proof.ToBytes(), "a frontier of another size is of no use");
            }
        }
    }

    [Fact]
    public async Task Verify_refuses_every_flip_of_a_single_bit()
    {
        var leaves = NaiveTree.Leaves(23);
        var stored = NaiveTree.Levels(leaves);
        var (oldRoot, root) = (NaiveTree.Root(leaves.AsSpan(0, 11)), NaiveTree.Root(leaves));
        var inclusion = await InclusionProof.BuildAsync(stored, 9, 23);
        var consistency = await ConsistencyProof.BuildAsync(stored, 11, 23);
        foreach (var flipped in Flips(leaves[9])) inclusion.Verify(flipped, root).Should().BeFalse();
        foreach (var flipped in Flips(root)) inclusion.Verify(leaves[9], flipped).Should().BeFalse();
        foreach (var flipped in Flips(oldRoot)) consistency.Verify(flipped, root).Should().BeFalse();
        foreach (var flipped in Flips(root)) consistency.Verify(oldRoot, flipped).Should().BeFalse();
        for (var i = 0; i < inclusion.Hashes.Count; i++)
        {
            foreach (var flipped in Flips(inclusion.Hashes[i])) new InclusionProof(9, 23, Replaced(inclusion.Hashes, i, flipped)).Verify(leaves[9], root).Should().BeFalse();
        }

        for (var i = 0; i < consistency.Hashes.Count; i++)
        {
            foreach (var flipped in Flips(consistency.Hashes[i])) new ConsistencyProof(11, 23, Replaced(consistency.Hashes, i, flipped)).Verify(oldRoot, root).Should().BeFalse();
        }
    }

    /// <summary>
    /// The root says nothing of the size, so that a proof stands with every size that gives the leaf the same way up: all others are
    /// refused, and so are all other indexes.
    /// </summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Verify_refuses_every_other_index_and_every_size_with_another_way_up()
    {
        var leaves = NaiveTree.Leaves(40);
        var stored = NaiveTree.Levels(leaves);
        for (var size = 1; size <= 40; size++)
        {
            var root = NaiveTree.Root(leaves.AsSpan(0, size));
            for (var index = 0; index < size; index++)
            {
                var hashes = (await InclusionProof.BuildAsync(stored, index, size)).Hashes;
                for (var other = 0; other <= 80; other++)
                {
                    if (other != index) Accepts(other, size, hashes, leaves[index], root).Should().BeFalse();
                    if (other > 0 && other != size) Accepts(index, other, hashes, leaves[index], root).Should().Be(Way(index, other) == Way(index, size));
                }
            }
        }

        static bool Accepts(int index, int size, IReadOnlyList<MerkleHash> hashes, MerkleHash leaf, MerkleHash root)
        {
            try
            {
                return new InclusionProof(index, size, hashes).Verify(leaf, root);
            }
            catch (ArgumentException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task Verify_refuses_every_size_pair_with_another_shape()
    {
        var leaves = NaiveTree.Leaves(24);
        var stored = NaiveTree.Levels(leaves);
        for (var newSize = 2; newSize <= 24; newSize++)
        {
            for (var oldSize = 1; oldSize < newSize; oldSize++)
            {
                var proof = await ConsistencyProof.BuildAsync(stored, oldSize, newSize);
                var (oldRoot, newRoot) = (NaiveTree.Root(leaves.AsSpan(0, oldSize)), NaiveTree.Root(leaves.AsSpan(0, newSize)));
                for (var other = 1; other <= 24; other++)
                {
                    // Another old size means another way to its last leaf, and so other hashes on one side or in another order.
                    if (other == oldSize || other > newSize) continue;
                    FluentActions.Invoking(() => new ConsistencyProof(other, newSize, proof.Hashes).Verify(oldRoot, newRoot) ? "accepted" : throw new ArgumentException("refused"))
                        .Should().Throw<ArgumentException>();
                }
            }
        }
    }

    [Fact]
    public async Task Parse_what_was_written_gives_the_same_proof_and_every_other_length_is_refused()
    {
        var leaves = NaiveTree.Leaves(50);
        var stored = NaiveTree.Levels(leaves);
        for (var i = 1; i <= 50; i += 7)
        {
            var inclusion = (await InclusionProof.BuildAsync(stored, i - 1, 50)).ToBytes();
            var consistency = (await ConsistencyProof.BuildAsync(stored, i, 50)).ToBytes();
            InclusionProof.Parse(inclusion).ToBytes().Should().Equal(inclusion);
            InclusionProof.Parse(inclusion).Verify(leaves[i - 1], NaiveTree.Root(leaves)).Should().BeTrue();
            ConsistencyProof.Parse(consistency).ToBytes().Should().Equal(consistency);
            ConsistencyProof.Parse(consistency).Verify(NaiveTree.Root(leaves.AsSpan(0, i)), NaiveTree.Root(leaves)).Should().BeTrue();
            for (var length = 0; length < inclusion.Length; length++) FluentActions.Invoking(() => InclusionProof.Parse(inclusion.AsSpan(0, length))).Should().Throw<LedgerFormatException>();
            for (var length = 0; length < consistency.Length; length++) FluentActions.Invoking(() => ConsistencyProof.Parse(consistency.AsSpan(0, length))).Should().Throw<LedgerFormatException>();
            FluentActions.Invoking(() => InclusionProof.Parse([.. inclusion, 0])).Should().Throw<LedgerFormatException>();
            FluentActions.Invoking(() => ConsistencyProof.Parse([.. consistency, .. new byte[32]])).Should().Throw<LedgerFormatException>();
        }
    }

    [Theory]
    [InlineData("45493100" + "0000000000000000" + "0000000000000000", "byte 12", "the size is 0, not 1 to 9223372036854775807")]
    [InlineData("45493100" + "0000000000000005" + "0000000000000005", "byte 12", "the size is 5, not 6 to 9223372036854775807")]
    [InlineData("45493100" + "FFFFFFFFFFFFFFFF" + "0000000000000001", "byte 4", "the index is 18446744073709551615, not 0 to 9223372036854775806")]
    [InlineData("45433100" + "0000000000000000" + "0000000000000001", "byte 0", "it does not begin with the mark of the format and its version")]
    [InlineData("45493100" + "0000000000000000" + "0000000000000002", "byte 20", "1 hashes of 32 bytes belong here, and 0 bytes follow")]
    public void Parse_what_is_no_proof_says_where_and_why(string hex, string where, string flaw)
    {
        var error = FluentActions.Invoking(() => InclusionProof.Parse(Convert.FromHexString(hex))).Should().Throw<LedgerFormatException>().Which;
        (error.What, error.Where, error.Flaw).Should().Be(("an inclusion proof", where, flaw));
        error.Message.Should().StartWith($"This is not an inclusion proof: {flaw} ({where}). ");
    }

    [Fact]
    public void Put_together_what_is_no_proof_is_a_bad_argument()
    {
        FluentActions.Invoking(() => new InclusionProof(-1, 1, [])).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new InclusionProof(1, 1, [])).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new InclusionProof(0, 2, [])).Should().Throw<ArgumentException>().WithMessage("The proof of leaf 0 in a tree of 2 has 1 hashes; these are 0.*");
        FluentActions.Invoking(() => new ConsistencyProof(0, 1, [])).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new ConsistencyProof(2, 1, [])).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new ConsistencyProof(1, 1, [default])).Should().Throw<ArgumentException>().WithMessage("The proof from size 1 to 1 has 0 hashes; these are 1.*");
    }

    [Fact]
    public void Verify_at_the_largest_size_ends()
    {
        new InclusionProof(long.MaxValue - 1, long.MaxValue, new MerkleHash[62]).Verify(default, default).Should().BeFalse();
        new InclusionProof(0, long.MaxValue, new MerkleHash[63]).Verify(default, default).Should().BeFalse();
        new ConsistencyProof(long.MaxValue - 1, long.MaxValue, new MerkleHash[63]).Verify(default, default).Should().BeFalse();
        new ConsistencyProof(1, long.MaxValue, new MerkleHash[63]).Verify(default, default).Should().BeFalse();
    }

    private static IEnumerable<MerkleHash> Flips(MerkleHash hash)
    {
        for (var bit = 0; bit < 256; bit++)
        {
            var bytes = hash.Bytes.ToArray();
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            yield return new MerkleHash(bytes);
        }
    }

    private static List<MerkleHash> Replaced(IReadOnlyList<MerkleHash> hashes, int i, MerkleHash hash)
    {
        var replaced = hashes.ToList();
        replaced[i] = hash;
        return replaced;
    }

    /// <summary>Which way each step down to a leaf goes.</summary>
    private static string Way(long index, long size)
    {
        var way = "";
        if (index >= size) return "beyond";
        while (size > 1)
        {
            var left = (long)BitOperations.RoundUpToPowerOf2((ulong)size) / 2;
            way += index < left ? "l" : "r";
            (index, size) = index < left ? (index, left) : (index - left, size - left);
        }

        return way;
    }

    private sealed class CountingHashes(IMerkleHashes hashes) : IMerkleHashes
    {
        public int Reads { get; private set; }

        public void Reset() => Reads = 0;

        public ValueTask ReadAsync(int level, long first, Memory<MerkleHash> wanted, CancellationToken cancellationToken = default)
        {
            wanted.Length.Should().BeInRange(1, MerkleTree.TileWidth);
            (first / MerkleTree.TileWidth).Should().Be((first + wanted.Length - 1) / MerkleTree.TileWidth, "no read crosses a block");
            Reads++;
            return hashes.ReadAsync(level, first, wanted, cancellationToken);
        }
    }
}
