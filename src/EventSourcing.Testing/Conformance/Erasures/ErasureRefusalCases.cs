using static EventSourcing.Testing.Erasures;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>An append that is refused erases nothing, and so does one whose record does not fit what it erases.</summary>
internal static class ErasureRefusalCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Erase_by_an_append_refused_for_its_version_erases_nothing", async store =>
        {
            await FillAsync(store);
            var erasure = Erasure(store, 2);
            await store.RefusesAsync<WrongExpectedVersionException>(erasure with { Writes = [.. erasure.Writes, Check("b", 9)] });
            await LedgerChecks.ExpectTreeAsync(store);
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
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Immutability, run);

    private static async Task RefusesArgumentAsync(StoreUnderTest store, Func<StoreUnderTest, AppendRequest> request)
    {
        await FillAsync(store);
        await store.RefusesAsync<ArgumentException>(request(store));
    }
}
