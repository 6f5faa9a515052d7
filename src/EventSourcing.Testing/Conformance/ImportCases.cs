using System.Globalization;
using System.Text;
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
            await LedgerCases.ExpectTreeAsync(store);
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

            await LedgerCases.ExpectTreeAsync(store);
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
            Expect.Equal(10_000, (await LedgerCases.ExpectTreeAsync(store)).Count, "the number of leaves");
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
            await LedgerCases.ExpectTreeAsync(store);
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

        // Places that do not fit
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

        // Erasures
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
                new AppendRequest([Write(PayloadsErased.StreamName, ExpectedVersion.Any, ErasureCases.Record(store, 2, 4))])
                {
                    Erase = [2, 4],
                });
            Expect.Sequence(
                [.. events.Select(e => SeenEvent.Of(e)).Select(e => e.Position == 4 ? e with { Data = "", IsErased = true } : e)],
                [.. (await store.LogAsync()).SkipLast(1)],
                "the log after one more erasure");
            await LedgerCases.ExpectTreeAsync(store);
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

        // Memory, waiting, cancellation, concurrency
        Case("Import_keeps_nothing_of_the_callers_memory", async store =>
        {
            var events = await EventsOfAsync(store, await FilledAsync(store));
            var memory = events.Select(
                e => (Data: e.Data.ToArray(), Metadata: e.Metadata.ToArray(), Seal: e.Seal.ToArray(), Tags: e.Tags.ToList())).ToList();
            await ImportAsync(store, [.. events.Select((e, i) =>
                e with { Data = memory[i].Data, Metadata = memory[i].Metadata, Seal = memory[i].Seal, Tags = memory[i].Tags })]);
            foreach (var (data, metadata, seal, tags) in memory)
            {
                data.AsSpan().Fill((byte)'!');
                metadata.AsSpan().Fill((byte)'!');
                seal.AsSpan().Fill((byte)'!');
                tags.Clear();
            }

            Expect.Sequence([.. events.Select(e => SeenEvent.Of(e))], await store.LogAsync(), "the log");
            await LedgerCases.ExpectTreeAsync(store);
        }),
        Case("Import_wakes_those_who_wait", async store =>
        {
            var waits = Enumerable.Range(0, 3).Select(_ => store.Storage.WaitForEventsAsync(0, store.CancellationToken).AsTask()).ToList();
            store.WaitingFor = "an import to wake a wait";
            await ImportAsync(store, [Foreign(store, "a", 0), Foreign(store, "a", 0)]);
            foreach (var wait in waits) Expect.Equal(2, await wait, "the head that a wait returns");
        }),
        Case("Import_already_cancelled_writes_nothing", async store =>
        {
            var request = new ImportRequest([Foreign(store, "a", 0)]);
            await store.RefusesAsync<OperationCanceledException>(
                async () => await store.Storage.ImportAsync(request, new CancellationToken(canceled: true)), "a");
            Expect.Equal(1, await ImportAsync(store, request.Events), "the position of the same import afterwards");
        }),
        Case("Import_after_the_storage_was_disposed_is_refused", async store =>
        {
            await store.Storage.DisposeAsync();
            await Expect.ThrowsAsync<ObjectDisposedException>(async () => await ImportAsync(store, [Foreign(store, "a", 0)]), "the import");
        }),
        Case("Import_without_a_request_is_refused", async store =>
            await store.RefusesAsync<ArgumentNullException>(async () => await store.Storage.ImportAsync(null!, store.CancellationToken))),
        Case("Race_of_8_importing_one_log_lets_exactly_one_win_each_part", async store =>
        {
            var source = await FilledAsync(store);
            var parts = (await EventsOfAsync(store, source)).Chunk(60).ToList();
            var (won, lost) = (0, 0);
            await Race.RunAsync(8, async _ =>
            {
                for (var head = 0L; head < parts.Sum(part => part.Length); head = await store.HeadAsync())
                {
                    if (head % 60 != 0) continue;
                    try
                    {
                        await ImportAsync(store, parts[(int)head / 60]);
                        Interlocked.Increment(ref won);
                    }
                    catch (ImportRefusedException refusal) when (refusal.Flaw == ImportFlaw.PositionGap)
                    {
                        Interlocked.Increment(ref lost);
                    }
                }
            });
            Expect.Equal(parts.Count, won, $"the number of imports that were not refused, beside {lost} that were");
            await ExpectSameAsync(store, source);
        }),
        Case("Race_of_imports_and_appends_stores_each_whole", async store =>
        {
            await Race.RunAsync(6, async n =>
            {
                for (var i = 0; i < 10; i++)
                {
                    if (n % 2 == 0) await store.AppendAsync(Request(Write($"s{n}", ExpectedVersion.Any, store.Events(3))));
                    else
                        await ImportAsync(
                            store,
                            [.. Enumerable.Range(0, 3).Select(_ => Foreign(store, $"s{n}", 0) with { RecordedAt = ManualClock.Start })]);
                }
            });
            var log = await store.LogAsync();
            Expect.Equal(180, log.Count, "the number of events");
            foreach (var batch in log.Chunk(3))
                Expect.Equal(
                    1, batch.Select(e => e.Stream).Distinct().Count(), $"the number of streams from position {batch[0].Position} on");
            await LedgerCases.ExpectTreeAsync(store);
        }),
        Case("Read_the_log_while_batches_are_imported_sees_each_whole_or_not_at_all", async store =>
        {
            var done = Race.RunAsync(2, async n =>
            {
                for (var i = 0; i < 20; i++)
                    await ImportAsync(
                        store,
                        [.. Enumerable.Range(0, 10).Select(_ => Foreign(store, $"s{n}", 0) with { RecordedAt = ManualClock.Start })]);
            });
            while (!done.IsCompleted)
            {
                Expect.Equal(0, await store.HeadAsync() % 10, "the events of a batch of 10 that are seen without the rest");
                await Task.Yield();
            }

            await done;
            Expect.Equal(400, await store.HeadAsync(), "the head once all are imported");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Import, run);

    /// <summary>An event of another system: it has no place, and is older than the store.</summary>
    /// <param name="store">Gives the id.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="second">How many seconds after the day before <see cref="ManualClock.Start"/> it is stamped.</param>
    /// <param name="data">The payload.</param>
    /// <param name="metadata">The metadata.</param>
    /// <param name="type">The type.</param>
    /// <param name="tags">The tags.</param>
    public static StoredEvent Foreign(
        StoreUnderTest store,
        string stream,
        int second,
        string data = "{}",
        string metadata = "",
        string type = "imported",
        params IReadOnlyList<string> tags) => new()
    {
        Position = 0,
        Stream = stream,
        Version = 0,
        Id = store.NewId(),
        Type = type,
        RecordedAt = ManualClock.Start.AddDays(-1).AddSeconds(second),
        Data = Encoding.UTF8.GetBytes(data),
        Metadata = Encoding.UTF8.GetBytes(metadata),
        Tags = tags,
    };

    public static StoredEvent Placed(StoreUnderTest store, long position) =>
        Foreign(store, "a", (int)position) with { Position = position, Version = position, Seal = new byte[16] };

    public static StoredEvent WithId(StoredEvent e, Guid id) => e with { Id = id };

    public static async Task<long> ImportAsync(StoreUnderTest store, IReadOnlyList<StoredEvent> events)
    {
        var position = await store.Storage.ImportAsync(new ImportRequest(events), store.CancellationToken);
        Expect.True(await store.HeadAsync() >= position, $"the head is not below the position {position} of an import that has returned");
        return position;
    }

    private static async Task<ImportRefusedException> RefusesImportAsync(
        StoreUnderTest store, ImportFlaw flaw, IReadOnlyList<StoredEvent> events)
    {
        var refusal = await RefusesImportAsync<ImportRefusedException>(store, events);
        Expect.Equal(flaw, refusal.Flaw, "the flaw of the refused import");
        return refusal;
    }

    public static async Task<TException> RefusesImportAsync<TException>(StoreUnderTest store, IReadOnlyList<StoredEvent> events)
        where TException : Exception
    {
        var refusal = await store.RefusesAsync<TException>(
            async () => await store.Storage.ImportAsync(new ImportRequest(events), store.CancellationToken),
            [.. events.Select(e => e.Stream)]);
        await LedgerCases.ExpectTreeAsync(store);
        return refusal;
    }

    /// <summary>Another storage with more than a tile of events in several streams, of which some are erased.</summary>
    private static async Task<IEventStorage> FilledAsync(StoreUnderTest store)
    {
        var source = await store.OpenAnotherAsync(store.Storage.Options);
        await AppendToAsync(
            store,
            source,
            "a",
            store.Event("opened", """{"owner":"Ann"}""", """{"by":"x"}""", "t1", "t2"),
            store.Event("Été\U0001F600", "\0", "m", "ключ"));
        store.Clock.Now = ManualClock.Start.AddTicks(1_234_567);
        await source.AppendAsync(
            Request(
                Write("b \U0001F600", ExpectedVersion.Any, store.Events(2)),
                Write("a", ExpectedVersion.Any, store.Tagged("t1"), store.Event("empty", ""))),
            store.CancellationToken);
        await EraseAsync(store, source, 2);
        store.Clock.Now = ManualClock.Start.AddHours(1);
        for (var i = 0; i < 10; i++) await AppendToAsync(store, source, $"s{i % 4}", store.Events(30));
        await EraseAsync(store, source, 30, 256, 257);
        Expect.Equal(308, await source.GetHeadAsync(store.CancellationToken), "the head of the storage to import from");
        return source;
    }

    private static async Task AppendToAsync(StoreUnderTest store, IEventStorage source, string stream, params NewEvent[] events) =>
        await source.AppendAsync(Request(Write(stream, ExpectedVersion.Any, events)), store.CancellationToken);

    private static async Task EraseAsync(StoreUnderTest store, IEventStorage source, params long[] positions) => await source.AppendAsync(
        new AppendRequest([Write(PayloadsErased.StreamName, ExpectedVersion.Any, ErasureCases.Record(store, positions))])
        {
            Erase = positions,
        },
        store.CancellationToken);

    /// <summary>The events of a storage with their seals, in memory of their own.</summary>
    private static async Task<List<StoredEvent>> EventsOfAsync(StoreUnderTest store, IEventStorage source, long after = 0)
    {
        var events = new List<StoredEvent>();
        for (var isEnd = false; !isEnd;)
        {
            using var page = await source.ReadLogAsync(new LogRead { After = after, WithSeals = true }, store.CancellationToken);
            foreach (var e in page.Events)
                events.Add(e with { Data = e.Data.ToArray(), Metadata = e.Metadata.ToArray(), Seal = e.Seal.ToArray() });
            (after, isEnd) = (page.Next, page.IsEnd);
        }

        return events;
    }

    /// <summary>The log and the tree are those of the other storage.</summary>
    private static async Task ExpectSameAsync(StoreUnderTest store, IEventStorage source)
    {
        var (expected, actual) = (await EventsOfAsync(store, source), await EventsOfAsync(store, store.Storage));
        Expect.Sequence(
            [.. expected.Select(e => SeenEvent.Of(e))], [.. actual.Select(e => SeenEvent.Of(e))], "the events of the imported log");
        Expect.Sequence(
            [.. expected.Select(e => Convert.ToHexString(e.Seal.Span))],
            [.. actual.Select(e => Convert.ToHexString(e.Seal.Span))],
            "the seals of the imported log");
        await LedgerCases.ExpectTreeAsync(store);
        var tree = await source.Ledger.GetFrontierAsync(store.CancellationToken);
        Expect.Equal(tree.Root(), (await store.Storage.Ledger.GetFrontierAsync(store.CancellationToken)).Root(), "the root of the tree");
        await LedgerCases.ExpectSoundAsync(store, 200);
        foreach (var stream in expected.Select(e => e.Stream).Distinct(StringComparer.Ordinal))
            Expect.Sequence(
                [.. expected.Where(e => e.Stream == stream).Select(e => SeenEvent.Of(e))],
                await store.StreamAsync(stream),
                $"stream '{stream}'");
    }
}
