using System.Buffers.Binary;
using System.Numerics;

namespace EventSourcing.Tests.Ledger;

public class MerkleFrontierTests
{
    [Fact]
    public void Append_leaf_by_leaf_gives_the_naive_root_at_every_size()
    {
        var leaves = NaiveTree.Leaves(700);
        var frontier = new MerkleFrontier();
        for (var size = 1; size <= leaves.Length; size++)
        {
            frontier.Append(leaves[size - 1]);
            frontier.Root().Should().Be(NaiveTree.Root(leaves.AsSpan(0, size)));
            frontier.Hashes.Length.Should().Be(BitOperations.PopCount((uint)size));
        }
    }

    [Fact]
    public void Append_reports_each_tile_when_its_last_leaf_is_there()
    {
        var leaves = NaiveTree.Leaves(65_536 + 513);
        var frontier = new MerkleFrontier();
        var tiles = new List<MerkleTile>();
        for (var i = 0; i < leaves.Length; i++)
        {
            var before = tiles.Count;
            frontier.Append(leaves[i], tiles);
            (tiles.Count - before).Should().Be((i + 1) % 65_536 == 0 ? 2 : (i + 1) % 256 == 0 ? 1 : 0);
        }

        tiles.Where(tile => tile.Level == 1).Select(tile => tile.Index).Should().Equal(Enumerable.Range(0, 258).Select(i => (long)i));
        foreach (var tile in tiles)
        {
            var width = tile.Level == 1 ? 256 : 65_536;
            tile.Hash.Should().Be(NaiveTree.Root(leaves.AsSpan((int)tile.Index * width, width)));
        }

        tiles.Single(tile => tile.Level == 2).Index.Should().Be(0);
    }

    [Fact]
    public async Task Read_a_stored_tree_gives_the_frontier_of_any_earlier_size()
    {
        var leaves = NaiveTree.Leaves(66_100);
        var stored = NaiveTree.Levels(leaves);
        var random = new Random(5);
        var sizes = new[] { 0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_792, 66_100 }.Concat(Enumerable.Range(0, 50).Select(_ => random.Next(66_101))).ToHashSet();
        var frontier = new MerkleFrontier();
        for (var size = 0; size <= leaves.Length; size++)
        {
            if (sizes.Contains(size)) (await MerkleFrontier.ReadAsync(stored, size)).ToBytes().Should().Equal(frontier.ToBytes());
            if (size < leaves.Length) frontier.Append(leaves[size]);
        }

        await FluentActions.Awaiting(() => MerkleFrontier.ReadAsync(stored, -1).AsTask()).Should().ThrowAsync<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void Parse_what_was_written_goes_on_where_it_was()
    {
        var random = new Random(7);
        var leaves = NaiveTree.Leaves(3000);
        for (var round = 0; round < 50; round++)
        {
            var size = random.Next(leaves.Length - 1);
            var original = NaiveTree.Levels(leaves[..size]).Frontier;
            var bytes = original.ToBytes();
            bytes.Should().HaveCount(12 + 32 * BitOperations.PopCount((uint)size)).And.HaveCount(original.ByteCount);
            bytes[..12].Should().Equal([0x45, 0x46, 0x31, 0, 0, 0, 0, 0, 0, 0, (byte)(size >> 8), (byte)size]);

            var parsed = MerkleFrontier.Parse(bytes);
            parsed.ToBytes().Should().Equal(bytes);
            parsed.Append(leaves[size]);
            parsed.Root().Should().Be(NaiveTree.Root(leaves.AsSpan(0, size + 1)));
            original.Size.Should().Be(size, "it is another object");
        }
    }

    [Fact]
    public void Copy_leaves_the_original_as_it_is()
    {
        var leaves = NaiveTree.Leaves(8);
        var original = NaiveTree.Levels(leaves[..7]).Frontier;
        var copy = original.Copy();
        copy.Append(leaves[7]);
        original.Root().Should().Be(NaiveTree.Root(leaves.AsSpan(0, 7)));
        copy.Root().Should().Be(NaiveTree.Root(leaves));
    }

    [Fact]
    public void Append_to_the_largest_tree_throws_and_leaves_it_as_it_is()
    {
        var bytes = new byte[12 + 63 * 32];
        "EF1\0"u8.CopyTo(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(4), long.MaxValue);
        var frontier = MerkleFrontier.Parse(bytes);
        frontier.Invoking(f => f.Append(default)).Should().Throw<InvalidOperationException>();
        frontier.ToBytes().Should().Equal(bytes);
    }

    [Fact]
    public void Append_allocates_nothing()
    {
        var frontier = new MerkleFrontier();
        var tiles = new List<MerkleTile>(8);
        var leaf = MerkleTree.EmptyRoot;
        for (var i = 0; i < 1000; i++) frontier.Append(leaf, tiles);
        tiles.Clear();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) frontier.Append(leaf, tiles);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }

    [Theory]
    [InlineData("", "byte 0")]
    [InlineData("45463200" + "0000000000000000", "byte 0")]
    [InlineData("45463100" + "00000000000000", "byte 4")]
    [InlineData("45463100" + "8000000000000000", "byte 4")]
    [InlineData("45463100" + "0000000000000001", "byte 12")]
    [InlineData("45463100" + "0000000000000000" + "00", "byte 12")]
    public void Parse_what_is_no_frontier_throws_LedgerFormatException(string hex, string where) =>
        FluentActions.Invoking(() => MerkleFrontier.Parse(Convert.FromHexString(hex))).Should().Throw<LedgerFormatException>()
            .Where(e => e.What == "the frontier of a tree" && e.Where == where);
}
