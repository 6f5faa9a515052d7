using EventSourcing.Tests.Ledger;

namespace EventSourcing.Tests.Storage;

/// <summary>The growth of the tree that all storages share, held against the definition of the tree.</summary>
public class TreeGrowthTests
{
    private const int Leaves = 65_536 + 300;

    [Fact]
    public void Add_keeps_each_complete_tile_with_the_marks_of_its_leaves()
    {
        var leaves = NaiveTree.Leaves(Leaves);
        var growth = new TreeGrowth(keepsMarks: true);

        foreach (var leaf in leaves) growth.Add(leaf);

        growth.Frontier.Root().Should().Be(NaiveTree.Root(leaves));
        growth.Tiles.Select(tile => (tile.Tile.Level, tile.Tile.Index)).Should().Equal(
            Enumerable.Range(0, 256).Select(i => (1, (long)i)).Append((2, 0)).Append((1, 256)), "a tile comes after those below it");
        foreach (var (tile, marks) in growth.Tiles)
        {
            var width = tile.Level == 1 ? 256 : 65_536;
            var below = leaves.AsSpan((int)tile.Index * width, width);
            tile.Hash.Should().Be(NaiveTree.Root(below));
            if (tile.Level == 1) marks.Should().Equal(MarksOf(below));
            else marks.Should().BeNull("only leaves have marks");
        }

        growth.Marks.ToArray().Should().Equal(MarksOf(leaves.AsSpan(65_536 + 256)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(700)]
    public void Growth_goes_on_from_a_frontier_and_marks_as_if_it_had_never_ended(int size)
    {
        var leaves = NaiveTree.Leaves(1_000);
        var whole = new TreeGrowth(keepsMarks: true);
        foreach (var leaf in leaves.AsSpan(0, size)) whole.Add(leaf);
        var continued = new TreeGrowth(MerkleFrontier.Parse(whole.Frontier.ToBytes()), whole.Marks);
        whole.ClearTiles();
        using var hasher = new LedgerHasher();

        foreach (var leaf in leaves.AsSpan(size))
        {
            whole.Add(leaf);
            continued.Add(leaf, hasher);
        }

        continued.Frontier.ToBytes().Should().Equal(whole.Frontier.ToBytes());
        continued.Marks.ToArray().Should().Equal(whole.Marks.ToArray()).And.Equal(MarksOf(leaves.AsSpan(768)));
        continued.Tiles.Select(tile => tile.Tile).Should().Equal(whole.Tiles.Select(tile => tile.Tile)).And.HaveCount(3 - (size / 256));
        for (var i = 0; i < whole.Tiles.Count; i++) continued.Tiles[i].Marks.Should().Equal(whole.Tiles[i].Marks);
    }

    [Fact]
    public void Growth_without_marks_has_the_same_tiles_and_none_of_the_marks()
    {
        var leaves = NaiveTree.Leaves(600);
        var growth = new TreeGrowth(keepsMarks: false);
        foreach (var leaf in leaves) growth.Add(leaf);

        growth.Tiles.Select(tile => tile.Tile.Hash).Should().Equal(NaiveTree.Root(leaves.AsSpan(0, 256)), NaiveTree.Root(leaves.AsSpan(256, 256)));
        growth.Tiles.Should().OnlyContain(tile => tile.Marks == null);
        growth.Marks.IsEmpty.Should().BeTrue();
        growth.ClearTiles();
        growth.Tiles.Should().BeEmpty();
    }

    private static byte[] MarksOf(ReadOnlySpan<MerkleHash> leaves)
    {
        var marks = new List<byte>();
        foreach (var leaf in leaves) marks.AddRange(leaf.Bytes[..LedgerAudit.LeafMarkLength]);
        return [.. marks];
    }
}
