using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>An append that is repeated wholly, partly or changed, in every mode and after whatever has happened in between.</summary>
internal static class IdempotenceCases
{
    private const string Stream = "a";

    public static IEnumerable<ConformanceCase> All =>
    [
        .. from mode in Modes
           from since in Changes
           select Replay(mode, since),
        .. from mode in Modes
           from overlap in Overlaps
           select PartialOverlap(mode, overlap),
        .. Differences,
        .. Batches,
        .. Ids,
    ];

    private static IEnumerable<Mode> Modes =>
    [
        new("Any", 0, ExpectedVersion.Any), new("NoStream", 0, ExpectedVersion.NoStream),
        new("StreamExists", 1, ExpectedVersion.StreamExists), new("the_exact_version", 3, 3),
    ];

    private static IEnumerable<Since> Changes =>
    [
        new("nothing_has_happened_since", _ => Task.CompletedTask),
        new("its_stream_has_grown_since", store => store.AppendAsync(Stream, store.Events(3))),
        new("other_streams_have_grown_since", store => store.AppendAsync("other", store.Events(3))),
    ];

    private static IEnumerable<Overlap> Overlaps =>
    [
        new("new_events_after_stored_ones", (stored, fresh) => [.. stored, fresh]),
        new("new_events_before_stored_ones", (stored, fresh) => [fresh, .. stored]),
        new("a_new_event_in_place_of_a_stored_one", (stored, fresh) => [stored[0], fresh]),
    ];

    private static ConformanceCase Replay(Mode mode, Since since) =>
        new($"Append_again_expecting_{mode.Name}_when_{since.Name}_returns_the_original_result", ConformanceRule.Idempotence, async store =>
        {
            var request = await AppendOnceAsync(store, mode);
            await since.Happens(store);
            await ExpectReplayAsync(
                store, request, mode.Seeds + 2, mode.Seeds + 3, new AppendedStream(Stream, mode.Seeds + 1, mode.Seeds + 2));
        });

    private static ConformanceCase PartialOverlap(Mode mode, Overlap overlap) =>
        new($"Append_{overlap.Name}_expecting_{mode.Name}_is_refused", ConformanceRule.Idempotence, async store =>
        {
            var stored = (await AppendOnceAsync(store, mode)).Writes[0].Events;
            var request = Request(Write(Stream, mode.Expected, overlap.Mix(stored, store.Event("fresh"))));
            var error = await store.RefusesAsync<DuplicateEventIdException>(request);
            var at = stored.Select(e => e.Id).ToList().IndexOf(error.EventId);
            Expect.True(at >= 0, $"the error names one of the stored ids (it names {error.EventId})");
            Expect.Equal(mode.Seeds + 2 + at, error.Position, "the position in the error");
        });

    private static IEnumerable<ConformanceCase> Differences
    {
        get
        {
            yield return Refused("with_other_data", e => e with { Data = "{\"n\":9}"u8.ToArray() });
            yield return Refused("with_longer_data", e => e with { Data = (byte[])[.. e.Data.Span, 32] });
            yield return Refused("without_its_data", e => e with { Data = default });
            yield return Refused("with_another_type", e => Like(e, "other-type"));
            yield return Refused("with_its_type_in_another_case", e => Like(e, e.Type.ToUpperInvariant()));
            yield return Refused("with_a_tag_more", e => e with { Tags = [.. e.Tags, "more"] });
            yield return Refused("with_a_tag_less", e => e with { Tags = ["x"] });
            yield return Refused("without_its_tags", e => e with { Tags = [] });
            yield return Refused("with_another_tag", e => e with { Tags = ["x", "Y"] });
            yield return Accepted("with_other_metadata", e => e with { Metadata = "{\"attempt\":2}"u8.ToArray() });
            yield return Accepted("without_its_metadata", e => e with { Metadata = default });
            yield return Accepted("with_its_tags_in_another_order", e => e with { Tags = ["y", "x"] });
            yield return Accepted("with_its_tags_repeated", e => e with { Tags = ["x", "y", "y", "x"] });

            static NewEvent Like(NewEvent e, string type) => new(e.Id, type, e.Data) { Metadata = e.Metadata, Tags = e.Tags };

            static ConformanceCase Refused(string difference, Func<NewEvent, NewEvent> change) =>
                new($"Append_again_{difference}_is_refused", ConformanceRule.Idempotence, async store =>
                {
                    var e = store.Event("kind", "{\"n\":1}", "{\"attempt\":1}", "x", "y");
                    await store.AppendAsync("before", store.Event());
                    await store.AppendAsync(Stream, e);
                    var error = await store.RefusesAsync<DuplicateEventIdException>(Request(Write(Stream, ExpectedVersion.Any, change(e))));
                    Expect.Equal(e.Id, error.EventId, "the id in the error");
                    Expect.Equal(2, error.Position, "the position in the error");
                });

            static ConformanceCase Accepted(string difference, Func<NewEvent, NewEvent> change) =>
                new($"Append_again_{difference}_returns_the_original_result", ConformanceRule.Idempotence, async store =>
                {
                    var e = store.Event("kind", "{\"n\":1}", "{\"attempt\":1}", "x", "y");
                    await store.AppendAsync(Stream, e);
                    await ExpectReplayAsync(
                        store, Request(Write(Stream, ExpectedVersion.NoStream, change(e))), 1, 1, new AppendedStream(Stream, 1, 1));
                });
        }
    }

    private static IEnumerable<ConformanceCase> Batches =>
    [
        Case("Append_again_to_several_streams_returns_the_original_result", async store =>
        {
            var request = TwoStreams(store);
            await store.AppendAsync(request);
            await ExpectReplayAsync(store, request, 1, 4, new AppendedStream("a", 1, 2), new AppendedStream("b", 1, 2));
        }),
        Case("Append_again_to_several_streams_that_have_grown_since_returns_the_original_result", async store =>
        {
            var request = TwoStreams(store);
            await store.AppendAsync("b", store.Event());
            await store.AppendAsync(request with { Writes = [request.Writes[0], request.Writes[1] with { Expected = 1 }] });
            await store.AppendAsync(Request(Write("b", 3, store.Event()), Write("a", 2, store.Event())));
            await ExpectReplayAsync(store, request, 2, 5, new AppendedStream("a", 1, 2), new AppendedStream("b", 2, 3));
        }),
        Case("Append_again_of_100_events_returns_the_original_result", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.NoStream, store.Events(100)));
            await store.AppendAsync(request);
            await ExpectReplayAsync(store, request, 1, 100, new AppendedStream("a", 1, 100));
        }),
        Case("Append_again_three_times_returns_the_original_result_each_time", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.NoStream, store.Events(2)));
            await store.AppendAsync(request);
            for (var i = 0; i < 3; i++) await ExpectReplayAsync(store, request, 1, 2, new AppendedStream("a", 1, 2));
        }),
        Case("Append_again_when_its_check_fails_now_returns_the_original_result", async store =>
        {
            var request = Request(Check("b", ExpectedVersion.NoStream), Write("a", ExpectedVersion.NoStream, store.Event()));
            await store.AppendAsync(request);
            await store.AppendAsync("b", store.Event());
            await ExpectReplayAsync(store, request, 1, 1, new AppendedStream("a", 1, 1));
        }),
        Case("Append_again_when_its_condition_fails_now_returns_the_original_result", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.NoStream, store.Tagged("x"))) with
            {
                Conditions = [new AppendCondition(EventQuery.WithTags("x"), 0)],
            };
            await store.AppendAsync(request);
            await store.AppendAsync("b", store.Tagged("x"));
            await ExpectReplayAsync(store, request, 1, 1, new AppendedStream("a", 1, 1));
        }),
        Case("Append_again_under_other_expectations_returns_the_original_result", async store =>
        {
            var e = store.Event();
            await store.AppendAsync("a", ExpectedVersion.NoStream, e);
            await ExpectReplayAsync(store, Request(Write("a", 77, e)), 1, 1, new AppendedStream("a", 1, 1));
            await ExpectReplayAsync(
                store,
                Request(Check("never", ExpectedVersion.StreamExists), Write("a", ExpectedVersion.Any, e)),
                1,
                1,
                new AppendedStream("a", 1, 1));
        }),
        Case("Append_after_a_repeated_append_takes_the_next_position", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.Any, store.Events(2)));
            await store.AppendAsync(request);
            await store.AppendAsync(request);
            ExpectResult(await store.AppendAsync("a", 2, store.Event()), 3, 3, false, new AppendedStream("a", 3, 3));
        }),
        Case("Append_again_after_an_append_of_another_id_between_its_events_is_refused", async store =>
        {
            var e = store.Events(3);
            foreach (var one in e) await store.AppendAsync("a", one);
            await store.RefusesAsync<DuplicateEventIdException>(Request(Write("a", ExpectedVersion.Any, e[0], e[2])));
        }),
        Case("Append_again_in_another_order_is_refused", async store =>
        {
            var e = store.Events(3);
            await store.AppendAsync("a", e);
            await store.RefusesAsync<DuplicateEventIdException>(Request(Write("a", ExpectedVersion.Any, e[1], e[0], e[2])));
        }),
        Case("Append_again_to_another_stream_is_refused", async store =>
        {
            var e = store.Event();
            await store.AppendAsync("a", e);
            await store.AppendAsync("b", store.Event());
            var error = await store.RefusesAsync<DuplicateEventIdException>(Request(Write("b", 1, e)));
            Expect.Equal(1, error.Position, "the position in the error");
        }),
        Case("Append_again_with_streams_in_another_order_is_refused", async store =>
        {
            var request = TwoStreams(store);
            await store.AppendAsync(request);
            await store.RefusesAsync<DuplicateEventIdException>(request with { Writes = [request.Writes[1], request.Writes[0]] });
        }),
        Case("Append_again_with_one_event_moved_to_the_other_stream_is_refused", async store =>
        {
            var request = TwoStreams(store);
            var (a, b) = (request.Writes[0].Events, request.Writes[1].Events);
            await store.AppendAsync(request);
            await store.RefusesAsync<DuplicateEventIdException>(Request(
                Write("a", ExpectedVersion.Any, a[0]), Write("b", ExpectedVersion.Any, a[1], b[0], b[1])));
        }),
        Case("Append_again_with_a_new_event_in_another_stream_is_refused", async store =>
        {
            var e = store.Event();
            await store.AppendAsync("a", ExpectedVersion.NoStream, e);
            await store.RefusesAsync<DuplicateEventIdException>(Request(
                Write("a", ExpectedVersion.NoStream, e), Write("b", ExpectedVersion.NoStream, store.Event())));
        }),
        Case("Append_a_new_event_then_a_stored_one_of_another_stream_is_refused", async store =>
        {
            var e = store.Event();
            await store.AppendAsync("a", e);
            var error = await store.RefusesAsync<DuplicateEventIdException>(Request(
                Write("b", ExpectedVersion.NoStream, store.Event()), Write("a", ExpectedVersion.Any, e)));
            Expect.Equal(e.Id, error.EventId, "the id in the error");
        }),
    ];

    private static IEnumerable<ConformanceCase> Ids =>
    [
        Case("Append_an_id_twice_to_one_stream_is_a_bad_argument", async store =>
        {
            var e = store.Event();
            await store.RefusesAsync<ArgumentException>(Request(Write("a", ExpectedVersion.Any, e, store.Event(), e)));
        }),
        Case("Append_an_id_twice_to_two_streams_is_a_bad_argument", async store =>
        {
            var e = store.Event();
            await store.RefusesAsync<ArgumentException>(Request(Write("a", ExpectedVersion.Any, e), Write("b", ExpectedVersion.Any, e)));
        }),
        Case("Append_a_stored_id_twice_is_a_bad_argument", async store =>
        {
            var e = store.Event();
            await store.AppendAsync("a", e);
            await store.RefusesAsync<ArgumentException>(Request(Write("a", ExpectedVersion.Any, e, e)));
        }),
        Case("Append_again_after_a_refusal_stores_the_events_as_new", async store =>
        {
            var e = store.Event();
            await store.RefusesAsync<WrongExpectedVersionException>(Request(Write("a", 4, e)));
            await store.AppendAsync("a", store.Event());
            await store.RefusesAsync<AppendConditionFailedException>(
                Request(Write("a", 1, e)) with { Conditions = [new AppendCondition(EventQuery.All, 0)] });
            ExpectResult(await store.AppendAsync("a", 1, e), 2, 2, false, new AppendedStream("a", 2, 2));
        }),
        Case("Append_again_after_a_refused_batch_stores_its_events_as_new", async store =>
        {
            await store.AppendAsync("b", store.Event());
            var request = TwoStreams(store);
            await store.RefusesAsync<WrongExpectedVersionException>(request);
            var result = await store.AppendAsync(request with { Writes = [request.Writes[0], request.Writes[1] with { Expected = 1 }] });
            ExpectResult(result, 2, 5, false, new AppendedStream("a", 1, 2), new AppendedStream("b", 2, 3));
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Idempotence, run);

    private static AppendRequest TwoStreams(StoreUnderTest store) =>
        Request(Write("a", ExpectedVersion.NoStream, store.Events(2)), Write("b", ExpectedVersion.NoStream, store.Events(2)));

    /// <summary>An event of another stream comes first, so that positions differ from versions.</summary>
    private static async Task<AppendRequest> AppendOnceAsync(StoreUnderTest store, Mode mode)
    {
        await store.AppendAsync("elsewhere", store.Event());
        for (var i = 0; i < mode.Seeds; i++) await store.AppendAsync(Stream, store.Event());
        var request = Request(Write(Stream, mode.Expected, store.Events(2)));
        var result = await store.AppendAsync(request);
        ExpectResult(result, mode.Seeds + 2, mode.Seeds + 3, false, new AppendedStream(Stream, mode.Seeds + 1, mode.Seeds + 2));
        return request;
    }

    private static async Task ExpectReplayAsync(
        StoreUnderTest store, AppendRequest request, long firstPosition, long position, params IReadOnlyList<AppendedStream> streams)
    {
        var before = await store.LogAsync();
        ExpectResult(await store.AppendAsync(request), firstPosition, position, true, streams);
        Expect.Sequence(before, await store.LogAsync(), "the log after the repeated append");
        Expect.Equal(before.Count, await store.HeadAsync(), "the head after the repeated append");
    }

    private sealed record Mode(string Name, int Seeds, ExpectedVersion Expected);

    private sealed record Since(string Name, Func<StoreUnderTest, Task> Happens);

    private sealed record Overlap(string Name, Func<IReadOnlyList<NewEvent>, NewEvent, IReadOnlyList<NewEvent>> Mix);
}
