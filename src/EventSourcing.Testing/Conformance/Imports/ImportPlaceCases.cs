using static EventSourcing.Testing.ImportedLogs;

namespace EventSourcing.Testing;

/// <summary>An import whose positions, versions, stamps or ids do not fit the log is refused, and nothing of it is stored.</summary>
internal static class ImportPlaceCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Import_positions_after_the_next_is_refused_as_a_gap", async store =>
        {
            var events = await EventsOfAsync(store, await FilledAsync(store));
            var refusal = await RefusesImportAsync(store, ImportFlaw.PositionGap, events[1..]);
            Expect.Equal(1, refusal.Expected, "the position that would fit");
            await ImportAsync(store, events[..3]);
            await RefusesImportAsync(store, ImportFlaw.PositionGap, events[4..]);
            await RefusesImportAsync(store, ImportFlaw.PositionGap, [.. events[3..5], .. events[6..8]]);
            await ImportAsync(store, events[3..]);
        }),
        Case("Import_again_is_refused_whole_or_in_part", async store =>
        {
            var events = await EventsOfAsync(store, await FilledAsync(store));
            await ImportAsync(store, events[..6]);
            await RefusesImportAsync(store, ImportFlaw.PositionGap, events[..6]);
            var refusal = await RefusesImportAsync(store, ImportFlaw.PositionGap, events[3..9]);
            Expect.Equal(7, refusal.Expected, "the position that would fit");
            Expect.Equal(4, refusal.Position, "the position that does not fit");
        }),
        Case("Import_another_log_into_a_store_that_has_events_is_refused", async store =>
        {
            await store.AppendAsync("mine", store.Event());
            await RefusesImportAsync(store, ImportFlaw.PositionGap, await EventsOfAsync(store, await FilledAsync(store)));
        }),
        Case("Import_a_version_that_is_not_the_next_is_refused", async store =>
        {
            var events = await EventsOfAsync(store, await FilledAsync(store));
            await ImportAsync(store, events[..2]);
            foreach (var wrong in new[] { 1, 4 })
            {
                var refusal = await RefusesImportAsync(
                    store, ImportFlaw.WrongVersion, [events[2], events[3] with { Version = events[3].Version + wrong }]);
                Expect.Equal(events[3].Version, refusal.Expected, "the version that would fit");
            }

            await RefusesImportAsync(store, ImportFlaw.WrongVersion, [events[2] with { Stream = "new", Version = 2 }]);
            await ImportAsync(store, events[2..]);
        }),
        Case("Import_a_stamp_before_that_of_the_event_before_it_is_refused", async store =>
        {
            var events = await EventsOfAsync(store, await FilledAsync(store));
            await ImportAsync(store, events[..4]);
            await RefusesImportAsync(store, ImportFlaw.TimeBackwards, [events[4] with { RecordedAt = events[3].RecordedAt.AddTicks(-1) }]);
            await RefusesImportAsync(
                store, ImportFlaw.TimeBackwards, [events[4], events[5] with { RecordedAt = events[3].RecordedAt.AddTicks(-1) }]);
            await ImportAsync(store, events[4..]);
        }),
        Case("Import_with_places_stamped_later_than_now_keeps_the_stamps", async store =>
        {
            var source = await FilledAsync(store);
            store.Clock.Now = ManualClock.Start.AddYears(-1);
            await ImportAsync(store, await EventsOfAsync(store, source));
            await ExpectSameAsync(store, source);
        }),
        Case("Import_an_id_that_is_stored_is_refused", async store =>
        {
            var known = store.Event();
            await store.AppendAsync("a", store.Event(), known);
            foreach (var newOnes in new[] { 0, 2 })
            {
                var events = Enumerable.Range(0, newOnes)
                    .Select(_ => Foreign(store, "b", 0)).Append(WithId(Foreign(store, "c", 0), known.Id));
                var refusal = await RefusesImportAsync<DuplicateEventIdException>(
                    store, [.. events.Select(e => e with { RecordedAt = ManualClock.Start })]);
                Expect.Equal(known.Id, refusal.EventId, "the id that is stored");
                Expect.Equal(2, refusal.Position, "the position of the id that is stored");
            }
        }),

        Case("Import_again_without_places_is_refused_for_its_ids_and_not_for_its_stamps", async store =>
        {
            StoredEvent[] events = [Foreign(store, "a", 1), Foreign(store, "b", 2), Foreign(store, "a", 3)];
            await ImportAsync(store, events);
            Expect.Equal(
                1,
                (await RefusesImportAsync<DuplicateEventIdException>(store, events)).Position,
                "the position of the first id that is stored");
            Expect.Equal(
                2,
                (await RefusesImportAsync<DuplicateEventIdException>(store, events[1..])).Position,
                "the position of the first id that is stored");
            var late = Foreign(store, "a", 0);
            Expect.Equal(
                3,
                (await RefusesImportAsync<DuplicateEventIdException>(store, [late, events[2]])).Position,
                "the position of the id that is stored");
            await RefusesImportAsync(store, ImportFlaw.TimeBackwards, [late]);
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Import, run);
}
