namespace EventSourcing.Sqlite.Tests;

/// <summary>Holds a storage's tree against the events in it.</summary>
internal static class Tree
{
    /// <summary>Frontier, leaves and tiles are those of the events as they are read now.</summary>
    public static async Task ExpectWholeAsync(IEventStorage storage)
    {
        var expected = new MerkleFrontier();
        var tiles = new List<MerkleTile>();
        var leaves = new List<MerkleHash>();
        for (var read = new LogRead { WithSeals = true }; ;)
        {
            using var page = await storage.ReadLogAsync(read);
            foreach (ref readonly var e in page.Events)
            {
                leaves.Add(e.ToLeaf().Hash());
                expected.Append(leaves[^1], tiles);
            }

            if (page.IsEnd) break;
            read = read with { After = page.Next };
        }

        (await storage.Ledger.GetFrontierAsync()).ToBytes().Should().Equal(expected.ToBytes());
        for (var first = 0; first < leaves.Count; first += 256) (await ReadAsync(storage, 0, first, Math.Min(256, leaves.Count - first))).Should().Equal(leaves.Skip(first).Take(256));
        foreach (var tile in tiles) (await ReadAsync(storage, tile.Level, tile.Index, 1)).Should().Equal(tile.Hash);
    }

    private static async Task<MerkleHash[]> ReadAsync(IEventStorage storage, int level, long first, int count)
    {
        var hashes = new MerkleHash[count];
        await storage.Ledger.ReadAsync(level, first, hashes);
        return hashes;
    }
}
