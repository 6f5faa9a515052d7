using System.Globalization;
using static EventSourcing.Testing.ImportedLogs;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Events that were recorded elsewhere are stored with their own stamps, and with their places if they bring them.</summary>
internal static class ImportCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Import_a_whole_log_makes_the_same_log_with_the_same_tree", async store =>
        {
            var source = await FilledAsync(store);
            var events = await EventsOfAsync(store, source);
            Expect.Equal(events.Count, await ImportAsync(store, events), "the position that the import returns");
            await ExpectSameAsync(store, source);
        }),
        .. from count in new[] { 1, 7, 255, 256, 257 }
           select Case($"Import_a_log_by_{count}_events_at_a_time_goes_on_where_it_stopped", async store =>
           {
               var source = await FilledAsync(store);
               foreach (var batch in (await EventsOfAsync(store, source)).Chunk(count))
                   Expect.Equal(batch[^1].Position, await ImportAsync(store, batch), "the position that the import returns");
               await ExpectSameAsync(store, source);
           }),
        Case("Import_what_the_other_log_has_got_meanwhile_keeps_both_alike", async store =>
        {
            var source = await FilledAsync(store);
            for (var round = 0; round < 4; round++)
            {
                await ImportAsync(store, await EventsOfAsync(store, source, await store.HeadAsync()));
                await ExpectSameAsync(store, source);
                store.Clock.Now += TimeSpan.FromTicks(7);
                await AppendToAsync(store, source, "a", store.Events(round + 1));
                await EraseAsync(store, source, 3 + round);
            }
        }),
        Case("Import_then_append_goes_on_with_the_log_and_every_stream", async store =>
        {
            var source = await FilledAsync(store);
            var events = await EventsOfAsync(store, source);
            await ImportAsync(store, events);
            var version = events.Last(e => e.Stream == "a").Version;
            store.Clock.Now = ManualClock.Start.AddYears(-1);
            await store.RefusesAsync<WrongExpectedVersionException>(Request(Write("a", version - 1, store.Event())));
            ExpectResult(
                await store.AppendAsync(Request(Write("a", version, store.Event()))),
                events.Count + 1,
                events.Count + 1,
                false,
                new AppendedStream("a", version + 1, version + 1));
            var log = await store.LogAsync();
            Expect.Equal(events[^1].RecordedAt, log[^1].RecordedAt, "the stamp of an append whose clock is behind the imported events");
            await LedgerChecks.ExpectTreeAsync(store);
        }),
        Case("Import_events_are_found_by_every_query_and_guard_every_append", async store =>
        {
            await ImportAsync(
                store,
                [Foreign(store, "a", 1, tags: ["t1", "t2"]), Foreign(store, "b", 2, tags: ["t2"]), Foreign(store, "a", 3, type: "other")]);
            Expect.Sequence(
                [1L, 2L], [.. (await store.LogAsync(EventQuery.WithTags("t2"))).Select(e => e.Position)], "the positions found by a tag");
            Expect.Sequence(
                [3L], [.. (await store.LogAsync(EventQuery.OfTypes("other"))).Select(e => e.Position)], "the positions found by a type");
            Expect.Sequence([1L, 3L], [.. (await store.StreamAsync("a")).Select(e => e.Position)], "the positions of a stream");
            var refusal = await store.RefusesAsync<AppendConditionFailedException>(
                Request(Write("c", ExpectedVersion.Any, store.Event())) with
                {
                    Conditions = [new AppendCondition(EventQuery.WithTags("t1"), 0)],
                });
            Expect.Equal(1, refusal.ConflictingPosition, "the position of the conflict");
        }),
        Case("Import_events_that_are_then_appended_is_a_repetition", async store =>
        {
            var e = Foreign(store, "a", 1, data: """{"n":1}""", tags: ["x"]);
            await ImportAsync(store, [e]);
            var again = new NewEvent(e.Id, e.Type, e.Data) { Tags = e.Tags };
            ExpectResult(
                await store.AppendAsync(Request(Write("a", ExpectedVersion.NoStream, again))), 1, 1, true, new AppendedStream("a", 1, 1));
            await store.RefusesAsync<DuplicateEventIdException>(Request(Write("b", ExpectedVersion.Any, again)));
        }),
        Case("Import_events_are_in_the_catalogue", async store =>
        {
            await ImportAsync(store, [Foreign(store, "b", 1), Foreign(store, "a", 2, type: "other"), Foreign(store, "b", 3)]);
            var streams = await store.Catalog.ListStreamsAsync(new StreamListing(), store.CancellationToken);
            Expect.Sequence(
                ["a 1", "b 2"],
                [.. streams.Streams.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Name} {s.Version}"))],
                "the streams listed");
            var types = await store.Catalog.ListEventTypesAsync(store.CancellationToken);
            Expect.Equal(3, types.Sum(type => type.Count), "the number of events listed");
        }),

        // Without places
        Case("Import_events_without_places_gives_them_the_next_ones_and_keeps_their_stamps", async store =>
        {
            await store.AppendAsync("a", store.Event());
            store.Clock.Now = ManualClock.Start.AddDays(1);
            DateTimeOffset[] stamps =
            [
                ManualClock.Start,
                ManualClock.Start.AddTicks(1),
                ManualClock.Start.AddTicks(1),
                ManualClock.Start.AddHours(1).ToOffset(TimeSpan.FromHours(5)),
                store.Clock.Now,
            ];
            StoredEvent[] events =
            [
                .. stamps.Select((at, i) => Foreign(
                    store,
                    i % 2 == 0 ? "a" : "b",
                    0,
                    $$"""{"n":{{i}}}""",
                    i == 1 ? """{"by":"x"}""" : "",
                    "imported",
                    i == 2 ? ["z", "a"] : []) with { RecordedAt = at }),
            ];
            Expect.Equal(6, await ImportAsync(store, events), "the position that the import returns");
            var log = await store.LogAsync();
            var versions = new Dictionary<string, long>(StringComparer.Ordinal) { ["a"] = 1 };
            for (var i = 0; i < events.Length; i++)
            {
                var version = versions[events[i].Stream] = versions.GetValueOrDefault(events[i].Stream) + 1;
                var expected = SeenEvent.Of(events[i]) with
                {
                    Position = i + 2,
                    Version = version,
                    RecordedAt = stamps[i].ToUniversalTime(),
                    Offset = TimeSpan.Zero,
                };
                Expect.Equal(expected, log[i + 1], $"the imported event {i}");
            }

            await LedgerChecks.ExpectTreeAsync(store);
            var sealedEvents = await EventsOfAsync(store, store.Storage);
            Expect.True(
                sealedEvents.TrueForAll(e => e.Seal.Length == LedgerLeaf.SaltLength), "each imported event gets a salt of 16 bytes");
            Expect.Equal(6, sealedEvents.Select(e => Convert.ToHexString(e.Seal.Span)).Distinct().Count(), "the number of different salts");
        }),
        Case("Import_10000_events_at_once_without_places_stores_each_in_order", async store =>
        {
            var events = Enumerable.Range(0, 10_000).Select(i =>
                Foreign(store, $"s{i % 100}", i % 3 == 0 ? 0 : i, $$"""{"n":{{i}}}""") with
                {
                    RecordedAt = ManualClock.Start.AddSeconds(i - 10_000),
                }).ToList();
            Expect.Equal(10_000, await ImportAsync(store, events), "the position that the import returns");
            Expect.Sequence([.. events.Select(e => e.Id)], [.. (await store.LogAsync()).Select(e => e.Id)], "the ids in the log");
            Expect.Equal(10_000, (await LedgerChecks.ExpectTreeAsync(store)).Count, "the number of leaves");
        }),
        Case("Import_data_of_any_size_commits_to_all_of_it", async store =>
        {
            var random = new Random(11);
            int[] lengths = [0, 1, 15, 16, 17, 1007, 1008, 8192, 65_520, 70_000];
            await ImportAsync(store, [.. lengths.Select((length, i) =>
            {
                var data = new byte[length];
                random.NextBytes(data);
                return Foreign(store, "a", i) with { Data = data, Metadata = data.AsMemory(0, Math.Min(length, 500)) };
            })]);
            Expect.Sequence([.. lengths], [.. (await store.LogAsync()).Select(e => e.Data.Length)], "the lengths of the data");
            await LedgerChecks.ExpectTreeAsync(store);
        }),
        Case("Import_events_without_places_stamped_before_the_last_event_is_refused", async store =>
        {
            await store.AppendAsync("a", store.Event());
            await RefusesImportAsync(
                store, ImportFlaw.TimeBackwards, [Foreign(store, "a", 0) with { RecordedAt = ManualClock.Start.AddTicks(-1) }]);
            await RefusesImportAsync(store, ImportFlaw.TimeBackwards, [
                Foreign(store, "a", 0) with { RecordedAt = ManualClock.Start },
                Foreign(store, "b", 0) with { RecordedAt = ManualClock.Start.AddTicks(-1) },
            ]);
            Expect.Equal(
                2,
                await ImportAsync(store, [Foreign(store, "a", 0) with { RecordedAt = ManualClock.Start }]),
                "the position of an import with the stamp of the last event");
        }),
        Case("Import_events_without_places_stamped_later_than_now_is_refused", async store =>
        {
            await RefusesImportAsync(
                store,
                ImportFlaw.TimeInFuture,
                [Foreign(store, "a", 0), Foreign(store, "a", 0) with { RecordedAt = ManualClock.Start.AddTicks(1) }]);
            Expect.Equal(
                1,
                await ImportAsync(store, [Foreign(store, "a", 0) with { RecordedAt = ManualClock.Start }]),
                "the position of an import stamped now");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Import, run);
}
