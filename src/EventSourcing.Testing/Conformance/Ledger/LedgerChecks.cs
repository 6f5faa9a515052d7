using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Compares the Merkle tree of a storage with its events as they are read.</summary>
internal static class LedgerChecks
{
    public static async Task<MerkleFrontier> FrontierAsync(StoreUnderTest store) =>
        await store.Storage.Ledger.GetFrontierAsync(store.CancellationToken);

    public static async Task<List<MerkleHash>> HashesAsync(StoreUnderTest store, int level, long first, int count)
    {
        var hashes = new MerkleHash[count];
        await store.Storage.Ledger.ReadAsync(level, first, hashes, store.CancellationToken);
        return [.. hashes];
    }

    public static Task<List<Sealed>> SealedAsync(StoreUnderTest store) => SealedAsync(store, new LogRead { WithSeals = true });

    /// <summary>The leaves of the events, computed from their fields and seals, not from the storage's tree.</summary>
    public static async Task<List<Sealed>> SealedAsync(StoreUnderTest store, LogRead read)
    {
        var seen = new List<Sealed>();
        while (true)
        {
            using var page = await store.Storage.ReadLogAsync(read, store.CancellationToken);
            foreach (ref readonly var e in page.Events)
            {
                Expect.Equal(
                    e.IsErased ? MerkleHash.Length : LedgerLeaf.SaltLength,
                    e.Seal.Length,
                    $"the length of the seal of the event at position {e.Position}");
                seen.Add(new Sealed(e.ToLeaf(), e.Seal.ToArray()));
            }

            if (page.IsEnd) return seen;
            read = read.Direction == ReadDirection.Forwards ? read with { After = page.Next } : read with { UpTo = page.Next };
        }
    }

    /// <summary>Frontier, leaves and tiles match the events as they are read.</summary>
    public static async Task<List<LedgerLeaf>> ExpectTreeAsync(StoreUnderTest store)
    {
        var seen = await SealedAsync(store);
        var leaves = seen.Select(e => e.Leaf.Hash()).ToList();
        var tiles = new List<MerkleTile>();
        var expected = new MerkleFrontier();
        foreach (var leaf in leaves) expected.Append(leaf, tiles);
        ExpectSame(expected, await FrontierAsync(store));
        for (var first = 0; first < leaves.Count; first += MerkleTree.TileWidth)
        {
            var count = Math.Min(MerkleTree.TileWidth, leaves.Count - first);
            Expect.Sequence(leaves[first..(first + count)], await HashesAsync(store, 0, first, count), $"the leaves from {first} on");
        }

        foreach (var tile in tiles)
            Expect.Equal(tile.Hash, (await HashesAsync(store, tile.Level, tile.Index, 1))[0], $"tile {tile.Index} of level {tile.Level}");
        return [.. seen.Select(e => e.Leaf)];
    }

    /// <summary>An audit returns what reads return, the tiles that are complete and a frontier of the tree, and reports no error.</summary>
    public static async Task ExpectSoundAsync(StoreUnderTest store, int limit)
    {
        var ledger = store.Storage.Ledger;
        foreach (var isWhole in new[] { true, false })
            Expect.Sequence([], [.. await ledger.AuditStructureAsync(isWhole, store.CancellationToken)], "the findings around the events");
        var tree = new MerkleFrontier();
        var (expected, stored) = (new List<MerkleTile>(), new List<MerkleTile>());
        for (var isEnd = false; !isEnd;)
        {
            using var audit = await ledger.AuditAsync(tree.Size, limit, store.CancellationToken);
            Expect.Sequence([], audit.Findings, "the findings of a page");
            Expect.True(audit.Events.Count <= limit, $"a page of at most {limit} events has {audit.Events.Count}");
            var leaves = await SealedAsync(store, new LogRead { After = tree.Size, UpTo = audit.Events.Next, WithSeals = true });
            Expect.Equal(leaves.Count, audit.Events.Count, "the number of events in the page");
            for (var i = 0; i < leaves.Count; i++)
            {
                var hash = audit.Events.Events[i].ToLeaf().Hash();
                Expect.Equal(leaves[i].Leaf.Hash(), hash, $"the leaf of the event at position {tree.Size + 1}");
                if (audit.LeafMarks.Length >= (i + 1) * LedgerAudit.LeafMarkLength)
                    Expect.True(
                        hash.Bytes.StartsWith(audit.LeafMarks.Span.Slice(i * LedgerAudit.LeafMarkLength, LedgerAudit.LeafMarkLength)),
                        $"the mark of the event at position {tree.Size + 1} is that of its leaf");
                tree.Append(hash, expected);
            }

            Expect.Equal(tree.Size, audit.Events.Next, "the end of the page");
            Expect.True(audit.Frontier is not null, "the page has the stored frontier");
            stored.AddRange(audit.Tiles);
            isEnd = audit.Events.IsEnd;
        }

        Expect.Equal(expected.Count, stored.Count, "the number of tiles in the pages");
        foreach (var tile in expected)
            Expect.True(stored.Contains(tile), $"tile {tile.Index} of level {tile.Level} is in a page, as it should be");
    }

    public static void ExpectSame(MerkleFrontier expected, MerkleFrontier actual)
    {
        Expect.Equal(expected.Size, actual.Size, "the size of the tree");
        Expect.Equal(expected.Root(), actual.Root(), "the root of the tree");
        Expect.Equal(Convert.ToHexString(expected.ToBytes()), Convert.ToHexString(actual.ToBytes()), "the frontier of the tree");
    }

    public static async Task WhileAppendingAsync(StoreUnderTest store, Func<Task> look)
    {
        var done = Race.RunAsync(3, async n =>
        {
            for (var i = 0; i < 20; i++)
                await store.AppendAsync(Request(
                    Write($"s{n}", ExpectedVersion.Any, store.Events(3)), Write("all", ExpectedVersion.Any, store.Events(2))));
        });
        while (!done.IsCompleted)
        {
            await look();
            await Task.Yield();
        }

        await done;
        await look();
        await ExpectTreeAsync(store);
    }

    public sealed record Sealed(LedgerLeaf Leaf, byte[] Seal);
}
