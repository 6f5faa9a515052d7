using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>
/// The one change that an event can undergo: an append erases its payload and records that. Nothing else of the event changes.
/// </summary>
internal static class ErasureCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Erase_an_event_empties_its_data_and_leaves_all_else", async store =>
        {
            var before = await FillAsync(store);
            var result = await store.AppendAsync(Erasure(store, 2));
            Expect.Equal(before.Count + 1, result.Position, "the position of the record");
            var after = await ExpectErasedAsync(store, before, 2);
            Expect.Equal(PayloadsErased.TypeName, after[^1].Type, "the type of the last event");
            Expect.Equal(PayloadsErased.StreamName, after[^1].Stream, "the stream of the last event");
        }),
        Case("Erase_several_events_of_several_streams_empties_exactly_those", async store =>
        {
            var before = await FillAsync(store);
            await store.AppendAsync(Erasure(store, 5, 1, 4));
            await ExpectErasedAsync(store, before, 1, 4, 5);
        }),
        Case("Erase_all_events_one_by_one_empties_each", async store =>
        {
            var before = await FillAsync(store);
            for (var i = 1; i <= before.Count; i++)
            {
                await store.AppendAsync(Erasure(store, i));
                await ExpectErasedAsync(store, before, [.. Enumerable.Range(1, i).Select(p => (long)p)]);
            }
        }),
        Case("Erase_600_of_1000_events_at_once_empties_exactly_those", async store =>
        {
            for (var i = 0; i < 10; i++) await store.AppendAsync($"s{i % 3}", store.Events(100));
            var before = await store.LogAsync();
            var random = new Random(6);
            var positions = Enumerable.Range(1, 1000).OrderBy(_ => random.Next()).Take(600).Select(p => (long)p).ToArray();
            await store.AppendAsync(Erasure(store, positions));
            await ExpectErasedAsync(store, before, positions);
            Expect.Equal(1001, (await LedgerCases.ExpectTreeAsync(store)).Count, "the number of leaves");
        }),
        .. from length in new[] { 0, 1, 15, 16, 17, 100, 5_000, 70_000 }
           select Case($"Erase_{length}_bytes_of_data_empties_them", async store =>
           {
               await store.AppendAsync(
                   "a", new NewEvent(store.NewId(), "sized", new byte[length]) { Metadata = "m"u8.ToArray(), Tags = ["t"] }, store.Event());
               var before = await store.LogAsync();
               var leaves = await LeavesAsync(store, 2);
               await store.AppendAsync(Erasure(store, 1));
               await ExpectErasedAsync(store, before, 1);
               Expect.Sequence(leaves, await LeavesAsync(store, 2), "the leaves");
               await LedgerCases.ExpectTreeAsync(store);
           }),
        Case("Erase_leaves_every_leaf_and_root_as_it_was", async store =>
        {
            for (var i = 0; i < 3; i++) await store.AppendAsync($"s{i}", store.Events(100));
            var leaves = await LeavesAsync(store, 300);
            var before = await store.Storage.Ledger.GetFrontierAsync(store.CancellationToken);
            await store.AppendAsync(Erasure(store, 1, 17, 256, 257, 300));
            Expect.Sequence(leaves, await LeavesAsync(store, 300), "the leaves of the events that were there before");
            Expect.Equal(
                before.Root(),
                (await MerkleFrontier.ReadAsync(store.Storage.Ledger, 300, store.CancellationToken)).Root(),
                "the root of the tree of the size before");
            Expect.Equal(301, (await LedgerCases.ExpectTreeAsync(store)).Count, "the number of leaves");
        }),
        Case("Erase_leaves_every_proof_valid", async store =>
        {
            await store.AppendAsync("a", store.Events(40));
            var old = await store.Storage.Ledger.GetFrontierAsync(store.CancellationToken);
            var given = await InclusionProof.BuildAsync(store.Storage.Ledger, 6, 40, cancellationToken: store.CancellationToken);
            var leaf = (await LeavesAsync(store, 40))[6];
            await store.AppendAsync(Erasure(store, 7));
            Expect.True(
                given.Verify((await LeavesAsync(store, 40))[6], old.Root()), "a proof of before verifies with the leaf as it is read now");
            var now = await store.Storage.Ledger.GetFrontierAsync(store.CancellationToken);
            Expect.True(
                (await InclusionProof.BuildAsync(store.Storage.Ledger, 6, 41, cancellationToken: store.CancellationToken))
                    .Verify(leaf, now.Root()),
                "a proof of now verifies with the leaf of before");
            Expect.True(
                (await ConsistencyProof.BuildAsync(store.Storage.Ledger, 40, 41, now, store.CancellationToken))
                    .Verify(old.Root(), now.Root()),
                "the tree has only grown");
        }),
        Case("Erase_puts_the_commitment_in_the_place_of_the_salt", async store =>
        {
            await store.AppendAsync("a", store.Event(data: """{"owner":"Ann"}"""), store.Event());
            var commitment = LedgerLeaf.CommitToData((await SealsAsync(store))[0], """{"owner":"Ann"}"""u8);
            await store.AppendAsync(Erasure(store, 1));
            var seals = await SealsAsync(store);
            Expect.Equal(Convert.ToHexString(commitment.Bytes), Convert.ToHexString(seals[0]), "the seal of the erased event");
            Expect.Sequence(
                [MerkleHash.Length, LedgerLeaf.SaltLength, LedgerLeaf.SaltLength],
                [.. seals.Select(seal => seal.Length)],
                "the lengths of the seals");
        }),
        Case("Erase_is_seen_by_every_kind_of_read", async store =>
        {
            await store.AppendAsync("a-1", store.Event("opened", "secret", "m", "t1"), store.Event("closed", "b"));
            await store.AppendAsync(Erasure(store, 1));
            LogRead[] reads =
            [
                new(), new() { WithSeals = true }, new() { Direction = ReadDirection.Backwards }, new() { UpTo = 1 }, new() { Limit = 1 },
                new() { Filter = EventQuery.OfTypes("opened") },
                new() { Filter = EventQuery.WithTags("t1"), WithSeals = true },
                new() { Filter = EventQuery.InStreams("a-"), Direction = ReadDirection.Backwards },
                new() { Filter = EventQuery.OfTypes("opened").Or(EventQuery.WithTags("t1")) },
            ];
            foreach (var read in reads) ExpectErased((await store.LogAsync(read)).Single(e => e.Position == 1), $"an event read by {read}");
            ExpectErased((await store.StreamAsync("a-1"))[0], "an event read by its stream");
            ExpectErased(
                (await store.StreamAsync(new StreamRead("a-1") { Direction = ReadDirection.Backwards }))[1],
                "an event read by its stream backwards");
            Expect.Equal(
                1,
                await store.Storage.GetPositionAsync((await store.LogAsync())[0].Id, store.CancellationToken),
                "the position of the erased event by its id");
        }),
        Case("Erase_again_what_is_erased_changes_nothing", async store =>
        {
            var before = await FillAsync(store);
            await store.AppendAsync(Erasure(store, 2));
            var seal = Convert.ToHexString((await SealsAsync(store))[1]);
            await store.AppendAsync(Erasure(store, 2, 3));
            await ExpectErasedAsync(store, before, 2, 3);
            Expect.Equal(seal, Convert.ToHexString((await SealsAsync(store))[1]), "the seal of the event that was erased twice");
            await LedgerCases.ExpectTreeAsync(store);
        }),
        Case("Erase_beside_other_events_in_one_append_commits_both", async store =>
        {
            var before = await FillAsync(store);
            var erasure = Erasure(store, 2);
            await store.AppendAsync(erasure with
            {
                Writes = [Write("b", 1, store.Event("first")), .. erasure.Writes, Write("c", ExpectedVersion.NoStream, store.Events(2))],
            });
            var after = await ExpectErasedAsync(store, before, 2);
            Expect.Sequence(
                ["first", PayloadsErased.TypeName, "happened", "happened"],
                [.. after.Skip(before.Count).Select(e => e.Type)],
                "the types of the events of the append");
        }),
        Case("Erase_by_two_records_in_one_append_empties_what_both_name", async store =>
        {
            var before = await FillAsync(store);
            await store.AppendAsync(
                new AppendRequest([Write(PayloadsErased.StreamName, ExpectedVersion.Any, Record(store, 1, 3), Record(store, 2))])
                {
                    Erase = [1, 2, 3],
                });
            await ExpectErasedAsync(store, before, 1, 2, 3);
        }),
        Case("Erase_with_read_models_shows_them_the_record_and_commits_them", async store =>
        {
            var before = await FillAsync(store);
            var seen = new List<string>();
            await store.AppendAsync(Erasure(store, 2) with
            {
                ReadModels = (transaction, _) =>
                {
                    seen.AddRange(transaction.Events.Select(e => e.Type));
                    return ValueTask.FromResult(new ReadModelCommit
                    {
                        Creates = [new ReadModelDefinition("m", [])],
                        Changes = [new DocumentChange("m", "k", "erased"u8.ToArray())],
                    });
                },
            });
            Expect.Sequence([PayloadsErased.TypeName], seen, "the events that the read models were shown");
            Expect.Equal(
                "erased", SeenEvent.Text((await store.ReadModels.LoadAsync("m", ["k"], store.CancellationToken))[0]), "the document");
            await ExpectErasedAsync(store, before, 2);
        }),

        Case("Erase_by_an_append_repeated_returns_the_original_result_and_changes_nothing", async store =>
        {
            await FillAsync(store);
            var request = Erasure(store, 2);
            var original = await store.AppendAsync(request);
            await store.AppendAsync("b", store.Event());
            var log = await store.LogAsync();
            var again = await store.AppendAsync(request);
            ExpectResult(
                again,
                original.FirstPosition,
                original.Position,
                wasAlreadyStored: true,
                new AppendedStream(PayloadsErased.StreamName, 1, 1));
            Expect.Sequence(log, await store.LogAsync(), "the log after the repetition");
        }),
        Case("Erase_by_a_repeated_record_of_other_positions_is_refused", async store =>
        {
            await FillAsync(store);
            var record = Record(store, 2);
            await store.AppendAsync(Erasing(record, 2));
            await store.RefusesAsync<DuplicateEventIdException>(Erasing(
                new NewEvent(record.Id, record.Type, new PayloadsErased([3], "a reason", null).ToBytes()), 3));
        }),
        Case("Append_again_what_was_erased_since_returns_the_original_result", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.NoStream, store.Event(data: "secret"), store.Event(data: "b")));
            await store.AppendAsync(request);
            await store.AppendAsync(Erasure(store, 1));
            var again = await store.AppendAsync(request);
            ExpectResult(again, 1, 2, wasAlreadyStored: true, new AppendedStream("a", 1, 2));
            ExpectErased((await store.LogAsync())[0], "the event after the repetition");
            await store.RefusesAsync<DuplicateEventIdException>(Request(Write("b", ExpectedVersion.NoStream, request.Writes[0].Events)));
        }),

        Case("Erase_by_an_append_refused_for_its_version_erases_nothing", async store =>
        {
            await FillAsync(store);
            var erasure = Erasure(store, 2);
            await store.RefusesAsync<WrongExpectedVersionException>(erasure with { Writes = [.. erasure.Writes, Check("b", 9)] });
            await LedgerCases.ExpectTreeAsync(store);
        }),
        Case("Erase_by_an_append_refused_for_its_condition_erases_nothing", async store =>
        {
            await FillAsync(store);
            await store.RefusesAsync<AppendConditionFailedException>(
                Erasure(store, 2) with { Conditions = [new AppendCondition(EventQuery.InStreams("a"), 0)] });
        }),
        Case("Erase_by_an_append_refused_for_an_id_that_is_stored_erases_nothing", async store =>
        {
            await FillAsync(store);
            var stored = (await store.LogAsync())[0].Id;
            var erasure = Erasure(store, 2);
            await store.RefusesAsync<DuplicateEventIdException>(
                erasure with { Writes = [.. erasure.Writes, Write("x", ExpectedVersion.Any, new NewEvent(stored, "other", default))] });
        }),
        Case("Erase_by_an_append_refused_by_its_read_models_erases_nothing", async store =>
        {
            await FillAsync(store);
            await store.RefusesAsync<InvalidOperationException>(
                Erasure(store, 2) with { ReadModels = (_, _) => throw new InvalidOperationException("no") });
        }),
        Case("Erase_by_an_append_already_cancelled_erases_nothing", async store =>
        {
            await FillAsync(store);
            await store.RefusesAsync<OperationCanceledException>(Erasure(store, 2), new CancellationToken(canceled: true));
        }),
        Case("Erase_beyond_the_head_is_refused_and_erases_nothing", async store =>
        {
            var before = await FillAsync(store);
            foreach (var position in new[] { before.Count + 1, before.Count + 2, long.MaxValue })
            {
                var refused = await store.RefusesAsync<ErasureRefusedException>(Erasure(store, 2, position));
                Expect.Equal(position, refused.Position, "the position in the error");
            }
        }),
        Case("Erase_in_an_empty_store_is_refused", async store => await store.RefusesAsync<ErasureRefusedException>(Erasure(store, 1))),
        Case("Erase_what_the_same_append_stores_is_refused", async store =>
        {
            var before = await FillAsync(store);
            var erasure = Erasure(store, before.Count + 1);
            await store.RefusesAsync<ErasureRefusedException>(
                erasure with { Writes = [Write("b", ExpectedVersion.Any, store.Event()), .. erasure.Writes] });
        }),
        Case("Erase_a_record_of_erasures_is_refused_and_erases_nothing", async store =>
        {
            var before = await FillAsync(store);
            await store.AppendAsync(Erasure(store, 2));
            var refused = await store.RefusesAsync<ErasureRefusedException>(Erasure(store, 1, before.Count + 1));
            Expect.Equal(before.Count + 1, refused.Position, "the position in the error");
        }),

        Case("Erase_without_a_record_is_refused", store =>
            RefusesArgumentAsync(store, store => Request(Write("a", ExpectedVersion.Any, store.Event())) with { Erase = [1] })),
        Case("Erase_other_positions_than_the_record_names_is_refused", store =>
            RefusesArgumentAsync(store, store => Erasing(Record(store, 1, 2), 1))),
        Case("Erase_more_positions_than_the_record_names_is_refused", store =>
            RefusesArgumentAsync(store, store => Erasing(Record(store, 1), 1, 2))),
        Case("Erase_one_position_twice_is_refused", store => RefusesArgumentAsync(store, store => Erasing(Record(store, 1), 1, 1))),
        Case("Erase_one_position_by_two_records_is_refused", store =>
            RefusesArgumentAsync(store, store =>
                new AppendRequest([Write(PayloadsErased.StreamName, ExpectedVersion.Any, Record(store, 1), Record(store, 1))])
                {
                    Erase = [1],
                })),
        Case("Erase_position_0_is_refused", store => RefusesArgumentAsync(store, store => Erasing(Record(store, 1), 0))),
        Case("Append_a_record_that_erases_nothing_is_refused", store => RefusesArgumentAsync(store, store => Erasing(Record(store, 1)))),
        Case("Append_another_event_to_the_stream_of_records_is_refused", store =>
            RefusesArgumentAsync(store, store => Request(Write(PayloadsErased.StreamName, ExpectedVersion.Any, store.Event("noted"))))),
        Case("Append_another_event_after_a_record_is_refused", store =>
            RefusesArgumentAsync(store, store =>
                new AppendRequest([Write(PayloadsErased.StreamName, ExpectedVersion.Any, Record(store, 1), store.Event("noted"))])
                {
                    Erase = [1],
                })),
        Case("Append_a_record_to_another_stream_is_refused", store =>
            RefusesArgumentAsync(store, store => Request(Write("a", ExpectedVersion.Any, Record(store, 1))) with { Erase = [1] })),
        .. from flaw in new[]
        {
            ("nothing", ""),
            ("no_object", "[1]"),
            ("no_positions", """{"reason":"r"}"""),
            ("no_reason", """{"positions":[1]}"""),
            ("text_for_positions", """{"positions":["1"],"reason":"r"}"""),
            ("positions_not_ascending", """{"positions":[2,1],"reason":"r"}"""),
        }
           select Case($"Append_a_record_with_{flaw.Item1}_is_refused", store =>
               RefusesArgumentAsync(store, store => Erasing(store.Event(PayloadsErased.TypeName, flaw.Item2), 1))),

        Case("Erase_leaves_a_page_that_was_read_before_as_it_was", async store =>
        {
            await FillAsync(store);
            using var page = await store.Storage.ReadLogAsync(new LogRead(), store.CancellationToken);
            var read = page.Events.ToArray().Select(e => SeenEvent.Of(e)).ToList();
            await store.AppendAsync(Erasure(store, 1, 2));
            Expect.Sequence(read, [.. page.Events.ToArray().Select(e => SeenEvent.Of(e))], "the events of the page after the erasure");
        }),
        Case("Read_while_payloads_are_erased_sees_each_with_its_record_or_not_at_all", async store =>
        {
            await store.AppendAsync("a", store.Events(60));
            store.WaitingFor = "all payloads to be erased";
            var done = Race.RunAsync(1, async _ =>
            {
                for (var i = 1; i <= 60; i += 3) await store.AppendAsync(Erasure(store, i, i + 1, i + 2));
            });
            while (!done.IsCompleted)
            {
                using (var page = await store.Storage.ReadLogAsync(new LogRead { Limit = 100 }, store.CancellationToken))
                {
                    var events = page.Events.ToArray();
                    var named = events.Where(e => e.Type == PayloadsErased.TypeName)
                        .SelectMany(e => PayloadsErased.Parse(e.Data.Span).Positions).ToHashSet();
                    foreach (var e in events.Where(e => e.Stream == "a"))
                    {
                        Expect.Equal(
                            named.Contains(e.Position),
                            e.IsErased,
                            $"whether the event at position {e.Position} is erased, by the records of the same view,");
                        Expect.Equal(
                            e.IsErased,
                            e.Data.IsEmpty,
                            $"whether the event at position {e.Position}, by what it says of itself, has no data");
                    }
                }

                await Task.Yield();
            }

            await done;
            await LedgerCases.ExpectTreeAsync(store);
        }),
        Case("Race_of_8_erasing_and_appending_erases_all_and_keeps_the_tree", async store =>
        {
            await store.AppendAsync("a", store.Events(160));
            var before = await store.LogAsync();
            await Race.RunAsync(8, async n =>
            {
                for (var i = 0; i < 10; i++)
                {
                    await store.AppendAsync(Erasure(store, (n * 20) + (2 * i) + 1));
                    await store.AppendAsync($"b{n}", store.Event());
                }
            });
            await ExpectErasedAsync(store, before, [.. Enumerable.Range(0, 80).Select(i => (2L * i) + 1)]);
            await LedgerCases.ExpectTreeAsync(store);
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Immutability, run);

    public static NewEvent Record(StoreUnderTest store, params long[] positions) =>
        new(store.NewId(), PayloadsErased.TypeName, new PayloadsErased([.. positions.Order()], "a reason", null).ToBytes());

    private static AppendRequest Erasing(NewEvent record, params long[] positions) =>
        new([Write(PayloadsErased.StreamName, ExpectedVersion.Any, record)]) { Erase = positions };

    private static AppendRequest Erasure(StoreUnderTest store, params long[] positions) => Erasing(Record(store, positions), positions);

    /// <summary>Six events in three streams, with everything that an event can have.</summary>
    private static async Task<List<SeenEvent>> FillAsync(StoreUnderTest store)
    {
        await store.AppendAsync(
            "a",
            store.Event("opened", """{"owner":"Ann"}""", """{"by":"x"}""", "t1", "t2"),
            store.Event("renamed", """{"owner":"Bob"}""", "m", "t2"));
        store.Clock.Now = ManualClock.Start.AddTicks(1_234_567);
        await store.AppendAsync(Request(
            Write("b", ExpectedVersion.Any, store.Event("opened", """{"owner":"Cid"}""")),
            Write("a", ExpectedVersion.Any, store.Events(2)),
            Write("d", ExpectedVersion.Any, store.Tagged("t1"))));
        return await store.LogAsync();
    }

    /// <summary>The log begins as it did, except that these events are erased; streams and queries show the same.</summary>
    private static async Task<List<SeenEvent>> ExpectErasedAsync(StoreUnderTest store, List<SeenEvent> before, params long[] positions)
    {
        var erased = positions.ToHashSet();
        var expected = before.Select(e => erased.Contains(e.Position) ? e with { Data = "", IsErased = true } : e).ToList();
        var log = await store.LogAsync();
        Expect.Sequence(expected, log.Take(before.Count).ToList(), "the events that were there before");
        foreach (var stream in before.Select(e => e.Stream).Distinct(StringComparer.Ordinal))
        {
            var ofStream = log.Where(e => e.Stream == stream).ToList();
            Expect.Sequence(ofStream, await store.StreamAsync(stream), $"stream '{stream}'");
            Expect.Sequence(
                ofStream,
                await store.LogAsync(EventQuery.OfTypes([.. ofStream.Select(e => e.Type).Distinct()])
                    .Or(EventQuery.InStreams(stream))) is var found
                    ? [.. found.Where(e => e.Stream == stream)]
                    : [],
                $"the events of stream '{stream}' by a query");
        }

        return log;
    }

    private static void ExpectErased(SeenEvent e, string what)
    {
        Expect.True(e.IsErased, $"{what} says that it is erased");
        Expect.Equal("", e.Data, $"the data of {what}");
    }

    private static async Task<List<MerkleHash>> LeavesAsync(StoreUnderTest store, int count)
    {
        var hashes = new MerkleHash[count];
        await store.Storage.Ledger.ReadAsync(0, 0, hashes, store.CancellationToken);
        return [.. hashes];
    }

    private static async Task<List<byte[]>> SealsAsync(StoreUnderTest store)
    {
        using var page = await store.Storage.ReadLogAsync(new LogRead { WithSeals = true, Limit = 1000 }, store.CancellationToken);
        return [.. page.Events.ToArray().Select(e => e.Seal.ToArray())];
    }

    private static async Task RefusesArgumentAsync(StoreUnderTest store, Func<StoreUnderTest, AppendRequest> request)
    {
        await FillAsync(store);
        await store.RefusesAsync<ArgumentException>(request(store));
    }
}
