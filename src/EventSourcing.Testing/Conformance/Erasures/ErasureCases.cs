using static EventSourcing.Testing.Erasures;
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
            Expect.Equal(1001, (await LedgerChecks.ExpectTreeAsync(store)).Count, "the number of leaves");
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
               await LedgerChecks.ExpectTreeAsync(store);
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
            Expect.Equal(301, (await LedgerChecks.ExpectTreeAsync(store)).Count, "the number of leaves");
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
            await LedgerChecks.ExpectTreeAsync(store);
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
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Immutability, run);

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
}
