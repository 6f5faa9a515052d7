using static EventSourcing.Testing.LedgerChecks;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Each append adds the leaves of its events to the Merkle tree, and an append that is refused adds none.</summary>
internal static class LeafCases
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
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Ledger, run);

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
}
