using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>The Merkle tree over the log is always that of the events as they are stored, and of nothing else.</summary>
internal static class LedgerCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Get_the_frontier_of_an_empty_store_is_that_of_the_empty_tree", async store =>
        {
            var frontier = await FrontierAsync(store);
            Expect.Equal(0, frontier.Size, "the size of the tree of an empty store");
            Expect.Equal(MerkleTree.EmptyRoot, frontier.Root(), "the root of the tree of an empty store");
        }),
        .. from count in new[] { 1, 2, 3, 255, 256, 257, 513 }
           select Case($"Get_the_frontier_after_{count}_events_is_that_of_their_leaves", async store =>
           {
               await store.AppendAsync("a", store.Events(count));
               Expect.Equal(count, (await ExpectTreeAsync(store)).Count, "the number of leaves");
           }),
        Case("Get_the_frontier_after_each_of_many_appends_is_that_of_the_leaves_so_far", async store =>
        {
            var expected = new MerkleFrontier();
            for (var i = 0; i < 40; i++)
            {
                await store.AppendAsync($"s{i % 3}", store.Events(1 + (i % 4)));
                foreach (var e in await SealedAsync(store, new LogRead { After = expected.Size, WithSeals = true }))
                    expected.Append(e.Leaf.Hash());
                Expect.Equal(expected.Root(), (await FrontierAsync(store)).Root(), $"the root after append {i + 1}");
            }

            await ExpectTreeAsync(store);
        }),
        Case("Append_leaves_hold_exactly_what_was_appended", async store =>
        {
            NewEvent[] events =
            [
                store.Event("opened", """{"owner":"Ann"}""", """{"by":"x"}""", "b", "a"),
                store.Event("opened", "", ""),
                store.Event("Été\U0001F600", "\"\\u0000\"", "m", "ключ", "e\u0301", "\u00E9"),
                new NewEvent(store.NewId(), "binary", new byte[] { 0, 255, 2, 0 }),
            ];
            await store.AppendAsync("stream \U0001F600 é", events);
            var seen = await SealedAsync(store);
            Expect.Equal(events.Length, seen.Count, "the number of events");
            for (var i = 0; i < events.Length; i++)
            {
                var leaf = new LedgerLeaf
                {
                    Position = i + 1,
                    Version = i + 1,
                    RecordedAt = ManualClock.Start,
                    Id = events[i].Id,
                    Stream = "stream \U0001F600 é",
                    Type = events[i].Type,
                    Tags = events[i].Tags,
                    DataCommitment = LedgerLeaf.CommitToData(seen[i].Seal, events[i].Data.Span),
                    MetadataCommitment = LedgerLeaf.CommitToMetadata(events[i].Metadata.Span),
                };
                Expect.Equal(leaf.Hash(), (await HashesAsync(store, 0, i, 1))[0], $"the hash of leaf {i}");
            }

            await ExpectTreeAsync(store);
        }),
        Case("Append_with_tags_has_them_in_the_leaf_in_the_order_given", async store =>
        {
            await store.AppendAsync("a", store.Tagged("z", "a", "m"), store.Tagged(), store.Tagged("a"));
            await ExpectTreeAsync(store);
            Expect.Sequence(["z", "a", "m"], (await SealedAsync(store))[0].Leaf.Tags, "the tags of the leaf");
        }),
        Case("Append_with_metadata_has_it_in_the_leaf", async store =>
        {
            await store.AppendAsync("a", store.Event(metadata: """{"by":"Ann"}"""), store.Event());
            await ExpectTreeAsync(store);
            var leaf = (await SealedAsync(store))[0].Leaf;
            Expect.Equal(LedgerLeaf.CommitToMetadata("""{"by":"Ann"}"""u8), leaf.MetadataCommitment, "the commitment to the metadata");
        }),
        Case("Append_at_any_instant_has_it_in_the_leaf_to_the_precision_of_100_ns", async store =>
        {
            store.Clock.Now = ManualClock.Start.AddTicks(1_234_567);
            await store.AppendAsync("a", store.Event());
            store.Clock.Now = ManualClock.Start.ToOffset(TimeSpan.FromHours(5)).AddHours(1);
            await store.AppendAsync("a", store.Event());
            store.Clock.Now = ManualClock.Start;
            await store.AppendAsync("a", store.Event());
            await ExpectTreeAsync(store);
        }),
        Case("Append_events_of_any_size_commits_to_all_of_their_data", async store =>
        {
            foreach (var length in new[] { 0, 1, 15, 16, 17, 63, 64, 1000, 1007, 1008, 1024, 4096, 65_519, 65_520, 70_000 })
            {
                var data = new byte[length];
                new Random(length).NextBytes(data);
                await store.AppendAsync(
                    "a", new NewEvent(store.NewId(), "sized", data) { Metadata = data.AsMemory(0, Math.Min(length, 500)) });
            }

            await ExpectTreeAsync(store);
        }),
        Case("Append_to_several_streams_adds_leaves_in_the_order_of_positions", async store =>
        {
            await store.AppendAsync(Request(
                Write("b", ExpectedVersion.Any, store.Events(2)),
                Write("a", ExpectedVersion.Any, store.Events(3)),
                Check("c", ExpectedVersion.NoStream)));
            await store.AppendAsync(Request(
                Write("a", ExpectedVersion.Any, store.Events(1)),
                Write("c", ExpectedVersion.Any, store.Events(2)),
                Write("b", ExpectedVersion.Any, store.Events(1))));
            var leaves = await ExpectTreeAsync(store);
            Expect.Sequence(["b", "b", "a", "a", "a", "a", "c", "c", "b"], [.. leaves.Select(l => l.Stream)], "the streams of the leaves");
        }),
        Case("Append_300_events_over_20_streams_in_batches_completes_a_tile", async store =>
        {
            for (var i = 0; i < 30; i++)
            {
                await store.AppendAsync(Request(
                    Write($"s{i % 20}", ExpectedVersion.Any, store.Events(4)),
                    Write($"s{(i + 7) % 20}", ExpectedVersion.Any, store.Events(6))));
            }

            await ExpectTreeAsync(store);
        }),
        Case("Append_equal_events_gives_each_a_leaf_of_its_own", async store =>
        {
            await store.AppendAsync("a", store.Event(), store.Event());
            await store.AppendAsync("b", store.Event());
            var seen = await SealedAsync(store);
            Expect.Equal(
                3,
                seen.Select(e => e.Leaf.DataCommitment).Distinct().Count(),
                "the number of commitments to the same data in three events");
            await ExpectTreeAsync(store);
        }),

        Case("Append_refused_for_its_version_leaves_the_tree_as_it_was", store => ExpectNoLeafAsync(store, async () =>
            await store.RefusesAsync<WrongExpectedVersionException>(Request(Write("a", 9, store.Events(2)))))),
        Case("Append_refused_for_its_second_stream_leaves_the_tree_as_it_was", store => ExpectNoLeafAsync(store, async () =>
            await store.RefusesAsync<WrongExpectedVersionException>(Request(
                Write("new", ExpectedVersion.NoStream, store.Events(2)), Write("a", ExpectedVersion.NoStream, store.Event()))))),
        Case("Append_refused_for_its_condition_leaves_the_tree_as_it_was", store => ExpectNoLeafAsync(store, async () =>
            await store.RefusesAsync<AppendConditionFailedException>(Request(Write("b", ExpectedVersion.Any, store.Event())) with
            {
                Conditions = [new AppendCondition(EventQuery.InStreams("a"), 0)],
            }))),
        Case("Append_refused_for_an_id_that_is_stored_leaves_the_tree_as_it_was", store => ExpectNoLeafAsync(store, async () =>
        {
            var stored = (await store.LogAsync())[0];
            await store.RefusesAsync<DuplicateEventIdException>(
                Request(Write("b", ExpectedVersion.Any, store.Event(), new NewEvent(stored.Id, "other", default))));
        })),
        Case("Append_refused_for_an_argument_leaves_the_tree_as_it_was", store => ExpectNoLeafAsync(store, async () =>
            await store.RefusesAsync<ArgumentException>(
                Request(Write("b", ExpectedVersion.Any, store.Event(), new NewEvent(Guid.Empty, "x", default)))))),
        Case("Append_cancelled_leaves_the_tree_as_it_was", store => ExpectNoLeafAsync(store, async () =>
            await store.RefusesAsync<OperationCanceledException>(
                Request(Write("b", ExpectedVersion.Any, store.Event())), new CancellationToken(canceled: true)))),
        Case("Append_refused_by_its_read_models_leaves_the_tree_as_it_was", store => ExpectNoLeafAsync(store, async () =>
            await store.RefusesAsync<InvalidOperationException>(Request(Write("b", ExpectedVersion.Any, store.Events(2))) with
            {
                ReadModels = (_, _) => throw new InvalidOperationException("It is to be refused."),
            }))),
        Case("Append_again_adds_no_leaf", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.Any, store.Events(3)));
            await store.AppendAsync(request);
            await store.AppendAsync("b", store.Event());
            var before = await FrontierAsync(store);
            Expect.True((await store.AppendAsync(request)).WasAlreadyStored, "the append is a repetition");
            ExpectSame(before, await FrontierAsync(store));
            await store.AppendAsync("b", store.Event());
            await ExpectTreeAsync(store);
        }),
        Case("Append_with_read_models_adds_leaves_and_read_models_alone_do_not", async store =>
        {
            await store.AppendAsync(Request(Write("a", ExpectedVersion.Any, store.Events(2))) with
            {
                ReadModels = (_, _) => ValueTask.FromResult(
                    new ReadModelCommit { Creates = [Documents.Define("m")], Changes = [new DocumentChange("m", "k", new byte[] { 1 })] }),
            });
            await ExpectTreeAsync(store);
            var before = await FrontierAsync(store);
            await store.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("m", "k", new byte[] { 2 })] });
            ExpectSame(before, await FrontierAsync(store));
            await store.AppendAsync("a", store.Event());
            await ExpectTreeAsync(store);
        }),

        Case("Race_of_appends_ends_with_the_tree_over_all_of_them", async store =>
        {
            await Race.RunAsync(8, async n =>
            {
                for (var i = 0; i < 40; i++)
                    await Race.TryAsync(store.AppendAsync(
                        $"s{n % 3}", i % 5 == 0 ? ExpectedVersion.NoStream : ExpectedVersion.Any, store.Events(1 + (i % 2))));
            });
            await ExpectTreeAsync(store);
        }),
        Case("Get_the_frontier_while_others_append_has_every_event_that_was_seen_before", async store =>
            await WhileAppendingAsync(store, async () =>
            {
                var head = await store.HeadAsync();
                Expect.True((await FrontierAsync(store)).Size >= head, $"the tree has a leaf for each of {head} events seen before");
            })),
        Case("Get_the_frontier_while_others_append_is_always_that_of_whole_batches", async store =>
            await WhileAppendingAsync(store, async () =>
                Expect.Equal(0, (await FrontierAsync(store)).Size % 5, "what is left over of batches of five leaves"))),
        Case("Get_the_frontier_while_others_append_is_always_that_of_the_first_events", async store =>
        {
            var frontiers = new List<MerkleFrontier>();
            await WhileAppendingAsync(store, async () => frontiers.Add(await FrontierAsync(store)));
            Expect.True(frontiers.Zip(frontiers.Skip(1)).All(pair => pair.First.Size <= pair.Second.Size), "the tree never shrinks");
            var roots = new Dictionary<long, MerkleHash> { [0] = MerkleTree.EmptyRoot };
            var tree = new MerkleFrontier();
            foreach (var e in await SealedAsync(store))
            {
                tree.Append(e.Leaf.Hash());
                roots[tree.Size] = tree.Root();
            }

            foreach (var frontier in frontiers)
                Expect.Equal(roots[frontier.Size], frontier.Root(), $"the root of the tree of size {frontier.Size}, as it was seen then");
        }),
        Case("Get_the_frontier_after_an_own_append_holds_it_while_others_append", async store =>
            await Race.RunAsync(6, async n =>
            {
                for (var i = 0; i < 15; i++)
                {
                    var result = await store.AppendAsync($"s{n}", store.Event());
                    Expect.True((await FrontierAsync(store)).Size >= result.Position, "the tree holds an append that has returned");
                }
            })),

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

    private static async Task<MerkleFrontier> FrontierAsync(StoreUnderTest store) =>
        await store.Storage.Ledger.GetFrontierAsync(store.CancellationToken);

    private static async Task<List<MerkleHash>> HashesAsync(StoreUnderTest store, int level, long first, int count)
    {
        var hashes = new MerkleHash[count];
        await store.Storage.Ledger.ReadAsync(level, first, hashes, store.CancellationToken);
        return [.. hashes];
    }

    private static async Task RefusesRangeAsync(StoreUnderTest store, int level, long first, int count) =>
        await Expect.ThrowsAsync<ArgumentOutOfRangeException>(
            () => HashesAsync(store, level, first, count), $"reading {count} hashes from {first} on, on level {level}");

    private static Task<List<Sealed>> SealedAsync(StoreUnderTest store) => SealedAsync(store, new LogRead { WithSeals = true });

    /// <summary>The leaves of the events, computed from their fields and seals, not from the storage's tree.</summary>
    private static async Task<List<Sealed>> SealedAsync(StoreUnderTest store, LogRead read)
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
    internal static async Task<List<LedgerLeaf>> ExpectTreeAsync(StoreUnderTest store)
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
    internal static async Task ExpectSoundAsync(StoreUnderTest store, int limit)
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

    private static void ExpectSame(MerkleFrontier expected, MerkleFrontier actual)
    {
        Expect.Equal(expected.Size, actual.Size, "the size of the tree");
        Expect.Equal(expected.Root(), actual.Root(), "the root of the tree");
        Expect.Equal(Convert.ToHexString(expected.ToBytes()), Convert.ToHexString(actual.ToBytes()), "the frontier of the tree");
    }

    /// <summary>A refused append leaves the tree as it was, so the next append continues from there.</summary>
    private static async Task ExpectNoLeafAsync(StoreUnderTest store, Func<Task> refused)
    {
        await store.AppendAsync("a", store.Events(255));
        var before = await FrontierAsync(store);
        await refused();
        ExpectSame(before, await FrontierAsync(store));
        await store.AppendAsync("a", store.Event());
        Expect.Equal(256, (await ExpectTreeAsync(store)).Count, "the number of leaves");
    }

    private static async Task WhileAppendingAsync(StoreUnderTest store, Func<Task> look)
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

    private sealed record Sealed(LedgerLeaf Leaf, byte[] Seal);
}
