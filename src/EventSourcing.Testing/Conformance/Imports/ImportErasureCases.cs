using static EventSourcing.Testing.ImportedLogs;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Events that were erased elsewhere are imported as erased, and a record of erasures erases what it names.</summary>
internal static class ImportErasureCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Import_erased_events_keeps_them_erased_with_their_commitments", async store =>
        {
            var source = await FilledAsync(store);
            var events = await EventsOfAsync(store, source);
            await ImportAsync(store, events);
            await ExpectSameAsync(store, source);
            var log = await store.LogAsync();
            Expect.Sequence(
                [.. events.Where(e => e.IsErased).Select(e => e.Position)],
                [.. log.Where(e => e.IsErased).Select(e => e.Position)],
                "the positions of the erased events");
            await store.AppendAsync(
                new AppendRequest([Write(PayloadsErased.StreamName, ExpectedVersion.Any, Erasures.Record(store, 2, 4))])
                {
                    Erase = [2, 4],
                });
            Expect.Sequence(
                [.. events.Select(e => SeenEvent.Of(e)).Select(e => e.Position == 4 ? e with { Data = "", IsErased = true } : e)],
                [.. (await store.LogAsync()).SkipLast(1)],
                "the log after one more erasure");
            await LedgerChecks.ExpectTreeAsync(store);
        }),
        Case("Import_the_record_of_an_erasure_that_was_made_since_erases_what_was_imported_before", async store =>
        {
            var source = await FilledAsync(store);
            var before = await EventsOfAsync(store, source);
            await ImportAsync(store, before);
            await EraseAsync(store, source, 1, 5, 300);
            await ImportAsync(store, await EventsOfAsync(store, source, before.Count));
            await ExpectSameAsync(store, source);
            Expect.True(
                (await store.LogAsync()).Where(e => e.Position is 1 or 5 or 300).All(e => e.IsErased && e.Data.Length == 0),
                "what the record names is erased");
        }),
        Case("Import_a_record_together_with_what_it_names_erases_it_if_it_was_read_before", async store =>
        {
            var source = await FilledAsync(store);
            var before = await EventsOfAsync(store, source);
            await EraseAsync(store, source, 1, 300);
            await ImportAsync(store, [.. before, .. await EventsOfAsync(store, source, before.Count)]);
            await ExpectSameAsync(store, source);
        }),
        Case("Import_a_record_that_names_what_cannot_be_erased_is_refused", async store =>
        {
            var events = await EventsOfAsync(store, await FilledAsync(store));
            var record = events.FindIndex(e => e.Type == PayloadsErased.TypeName);
            Expect.True(record >= 0 && events[record].Version == 1, "the log has a record of an erasure");
            var next = events[^1].Position + 1;
            await ImportAsync(store, events);
            foreach (var position in new[] { next, next + 1, events[record].Position })
            {
                var refusal = await RefusesImportAsync<ErasureRefusedException>(store, [events[record] with
                {
                    Position = next,
                    Version = events.Count(e => e.Stream == PayloadsErased.StreamName) + 1,
                    Data = new PayloadsErased([position], "a reason", null).ToBytes(),
                    RecordedAt = events[^1].RecordedAt,
                    Id = store.NewId(),
                }]);
                Expect.Equal(position, refusal.Position, "the position that cannot be erased");
            }
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Import, run);
}
