using static EventSourcing.Testing.LedgerChecks;

namespace EventSourcing.Testing;

/// <summary>Seals, leaves, tiles, proofs and audits are read from the tree over the log, and no read changes it.</summary>
internal static class LedgerReadCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Read_with_seals_gives_each_event_16_bytes_of_its_own", async store =>
        {
            await store.AppendAsync("a", store.Events(300));
            for (var i = 0; i < 20; i++) await store.AppendAsync("b", store.Event());
            var seals = (await SealedAsync(store)).Select(e => Convert.ToHexString(e.Seal)).ToList();
            Expect.True(seals.All(seal => seal.Length == 2 * LedgerLeaf.SaltLength), "every seal has 16 bytes");
            Expect.Equal(320, seals.Distinct().Count(), "the number of different seals");
        }),
        Case("Read_with_seals_again_gives_the_same_ones", async store =>
        {
            await store.AppendAsync("a", store.Events(40));
            var first = (await SealedAsync(store)).Select(e => Convert.ToHexString(e.Seal)).ToList();
            await store.AppendAsync("a", store.Events(40));
            Expect.Sequence(
                first,
                [.. (await SealedAsync(store, new LogRead { UpTo = 40, WithSeals = true, Limit = 7 })).Select(e =>
                    Convert.ToHexString(e.Seal))],
                "the seals read page by page, later");
        }),
        Case("Read_with_seals_backwards_and_by_a_filter_gives_those_of_each_event", async store =>
        {
            for (var i = 0; i < 60; i++)
                await store.AppendAsync($"s{i % 2}", i % 3 == 0 ? store.Tagged("x") : store.Event(i % 5 == 0 ? "rare" : "common"));
            var all = (await SealedAsync(store)).ToDictionary(e => e.Leaf.Position, e => Convert.ToHexString(e.Seal));
            foreach (var filter in new[]
            {
                EventQuery.All,
                EventQuery.WithTags("x"),
                EventQuery.OfTypes("rare"),
                EventQuery.InStreams("s1"),
            })
            {
                foreach (var direction in new[] { ReadDirection.Forwards, ReadDirection.Backwards })
                {
                    var seen = await SealedAsync(store, new LogRead { Filter = filter, Direction = direction, WithSeals = true });
                    Expect.True(seen.Count > 0, "the filter lets some through");
                    Expect.Sequence(
                        [.. seen.Select(e => all[e.Leaf.Position])],
                        [.. seen.Select(e => Convert.ToHexString(e.Seal))],
                        $"the seals read {direction}");
                }
            }
        }),
        Case("Read_without_asking_gives_no_seals", async store =>
        {
            await store.AppendAsync("a", store.Events(3));
            using var log = await store.Storage.ReadLogAsync(new LogRead(), store.CancellationToken);
            foreach (ref readonly var e in log.Events)
                Expect.Equal(0, e.Seal.Length, "the length of the seal in a read of the log that did not ask for it");
            using var stream = await store.Storage.ReadStreamAsync(new StreamRead("a"), store.CancellationToken);
            foreach (ref readonly var e in stream.Events) Expect.Equal(0, e.Seal.Length, "the length of the seal in a read of a stream");
        }),

        Case("Read_leaves_in_any_range_equals_those_of_the_events", async store =>
        {
            await store.AppendAsync("a", store.Events(300));
            var leaves = (await SealedAsync(store)).Select(e => e.Leaf.Hash()).ToList();
            var random = new Random(11);
            for (var i = 0; i < 60; i++)
            {
                var first = random.Next(300);
                var count = random.Next(Math.Min(256, 300 - first) + 1);
                Expect.Sequence(
                    leaves[first..(first + count)], await HashesAsync(store, 0, first, count), $"{count} leaves from {first} on");
            }
        }),
        Case("Read_leaves_of_large_events_equals_those_of_the_events", async store =>
        {
            for (var i = 0; i < 12; i++) await store.AppendAsync("a", new NewEvent(store.NewId(), "large", new byte[300_000 + i]));
            await ExpectTreeAsync(store);
        }),
        Case("Read_tiles_one_by_one_and_together_is_alike", async store =>
        {
            await store.AppendAsync("a", store.Events(1100));
            await ExpectTreeAsync(store);
            var all = await HashesAsync(store, 1, 0, 4);
            for (var i = 0; i < 4; i++) Expect.Equal(all[i], (await HashesAsync(store, 1, i, 1))[0], $"tile {i}");
            Expect.Sequence(all[1..3], await HashesAsync(store, 1, 1, 2), "tiles 1 and 2");
            Expect.Sequence([], await HashesAsync(store, 1, 4, 0), "no tiles");
        }),
        Case("Read_beyond_the_tree_is_refused", async store =>
        {
            await RefusesRangeAsync(store, 0, 0, 1);
            await RefusesRangeAsync(store, 1, 0, 1);
            await store.AppendAsync("a", store.Events(257));
            foreach (var (level, first, count) in new[]
            {
                (0, 257L, 1),
                (0, 0L, 258),
                (0, 256L, 2),
                (0, long.MaxValue, 1),
                (1, 1L, 1),
                (1, 0L, 2),
                (2, 0L, 1),
                (3, 0L, 1),
                (7, 0L, 1),
                (8, 0L, 1),
                (int.MaxValue, 0L, 1),
            })
                await RefusesRangeAsync(store, level, first, count);
            Expect.Equal(1, (await HashesAsync(store, 0, 256, 1)).Count, "the number of hashes at the end of the tree");
        }),
        Case("Read_from_a_negative_index_or_level_is_refused", async store =>
        {
            await store.AppendAsync("a", store.Events(3));
            await RefusesRangeAsync(store, 0, -1, 1);
            await RefusesRangeAsync(store, 0, long.MinValue, 1);
            await RefusesRangeAsync(store, -1, 0, 1);
        }),

        Case("Prove_that_events_are_in_the_log_for_random_positions_and_sizes", async store =>
        {
            var (leaves, roots) = await GrowAsync(store, 600);
            var random = new Random(7);
            var frontier = await FrontierAsync(store);
            for (var i = 0; i < 120; i++)
            {
                var size = i < 20 ? 600 : random.Next(1, 601);
                var index = random.Next(size);
                var proof = await InclusionProof.BuildAsync(store.Storage.Ledger, index, size, frontier, store.CancellationToken);
                Expect.True(
                    proof.Verify(leaves[index], roots[size]), $"the proof verifies that leaf {index} is in the tree of size {size}");
            }
        }),
        Case("Prove_that_the_log_was_only_appended_to_for_random_sizes", async store =>
        {
            var (_, roots) = await GrowAsync(store, 600);
            var random = new Random(8);
            var frontier = await FrontierAsync(store);
            for (var i = 0; i < 120; i++)
            {
                var newSize = i < 20 ? 600 : random.Next(1, 601);
                var oldSize = random.Next(newSize + 1);
                var proof = await ConsistencyProof.BuildAsync(store.Storage.Ledger, oldSize, newSize, frontier, store.CancellationToken);
                Expect.True(
                    proof.Verify(roots[oldSize], roots[newSize]),
                    $"the proof verifies that the tree of size {newSize} holds that of size {oldSize}");
            }
        }),
        Case("Make_the_frontier_of_an_earlier_size_from_leaves_and_tiles", async store =>
        {
            var (_, roots) = await GrowAsync(store, 600);
            foreach (var size in new[] { 0, 1, 255, 256, 257, 511, 512, 600 })
                Expect.Equal(
                    roots[size],
                    (await MerkleFrontier.ReadAsync(store.Storage.Ledger, size, store.CancellationToken)).Root(),
                    $"the root of the tree of size {size}, of what is stored");
        }),
        Case("Get_the_frontier_then_append_to_it_leaves_that_of_the_storage", async store =>
        {
            await store.AppendAsync("a", store.Events(3));
            var mine = await FrontierAsync(store);
            mine.Append(MerkleTree.HashLeaf([1]));
            Expect.Equal(3, (await FrontierAsync(store)).Size, "the size of the tree after the caller has appended to its own frontier");
            await store.AppendAsync("a", store.Event());
            Expect.Equal(4, mine.Size, "the size of the caller's own frontier after an append");
            await ExpectTreeAsync(store);
        }),
        Case("Audit_a_sound_store_gives_all_events_with_their_seals_its_tiles_and_no_finding", async store =>
        {
            await store.AppendAsync("a", store.Event("opened", """{"owner":"Ann"}""", """{"by":"x"}""", "b", "a"), store.Event());
            await store.AppendAsync("b", store.Events(600));
            await ExpectSoundAsync(store, limit: 7);
            await store.AppendAsync("a", store.Events(3));
            await ExpectSoundAsync(store, limit: 1000);
        }),
        Case("Audit_an_empty_store_finds_nothing", async store => await ExpectSoundAsync(store, limit: 10)),
        Case("Audit_while_others_append_finds_nothing", async store =>
            await WhileAppendingAsync(store, async () => await ExpectSoundAsync(store, limit: 50))),
        Case("Get_the_frontier_already_cancelled_is_cancelled", async store =>
        {
            var cancelled = new CancellationToken(canceled: true);
            await store.AppendAsync("a", store.Event());
            await Expect.ThrowsAsync<OperationCanceledException>(
                async () => await store.Storage.Ledger.GetFrontierAsync(cancelled), "getting the frontier");
            await Expect.ThrowsAsync<OperationCanceledException>(
                async () => await store.Storage.Ledger.ReadAsync(0, 0, new MerkleHash[1], cancelled), "reading a leaf");
        }),
        Case("Read_the_tree_after_the_storage_was_disposed_is_refused", async store =>
        {
            await store.AppendAsync("a", store.Event());
            await store.Storage.DisposeAsync();
            await Expect.ThrowsAsync<ObjectDisposedException>(
                async () => await store.Storage.Ledger.GetFrontierAsync(), "getting the frontier");
            await Expect.ThrowsAsync<ObjectDisposedException>(
                async () => await store.Storage.Ledger.ReadAsync(0, 0, new MerkleHash[1]), "reading a leaf");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Ledger, run);

    private static async Task RefusesRangeAsync(StoreUnderTest store, int level, long first, int count) =>
        await Expect.ThrowsAsync<ArgumentOutOfRangeException>(
            () => HashesAsync(store, level, first, count), $"reading {count} hashes from {first} on, on level {level}");

    /// <summary>The leaves of that many events and the root of every size, both computed from the events as they are read.</summary>
    private static async Task<(List<MerkleHash> Leaves, List<MerkleHash> Roots)> GrowAsync(StoreUnderTest store, int count)
    {
        for (var i = 0; i < count; i += 100) await store.AppendAsync($"s{i}", store.Events(100));
        var leaves = (await SealedAsync(store)).Select(e => e.Leaf.Hash()).ToList();
        var tree = new MerkleFrontier();
        var roots = new List<MerkleHash> { tree.Root() };
        foreach (var leaf in leaves)
        {
            tree.Append(leaf);
            roots.Add(tree.Root());
        }

        return (leaves, roots);
    }
}
