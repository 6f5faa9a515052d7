using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>The positions and versions of appended events, and that they are read back as they were given.</summary>
internal static class AppendCases
{
    public static IEnumerable<ConformanceCase> All => [.. Places, .. Contents];

    private static IEnumerable<ConformanceCase> Places =>
    [
        new("Append_the_first_event_stands_at_position_1_and_version_1", ConformanceRule.Log, async store =>
        {
            var e = store.Event();
            ExpectResult(await store.AppendAsync("a", e), 1, 1, false, new AppendedStream("a", 1, 1));
            await store.ExpectLogAsync(("a", e));
        }),
        new("Append_several_events_stand_in_the_order_given", ConformanceRule.Append, async store =>
        {
            var events = store.Events(5);
            ExpectResult(await store.AppendAsync("a", events), 1, 5, false, new AppendedStream("a", 1, 5));
            await store.ExpectLogAsync([.. events.Select(e => ("a", e))]);
        }),
        new("Append_to_a_stream_with_events_continues_its_versions", ConformanceRule.Streams, async store =>
        {
            var events = store.Events(5);
            await store.AppendAsync("a", events[..2]);
            ExpectResult(await store.AppendAsync("a", events[2..]), 3, 5, false, new AppendedStream("a", 3, 5));
            await store.ExpectLogAsync([.. events.Select(e => ("a", e))]);
        }),
        new("Append_to_streams_in_turn_keeps_one_log_and_versions_per_stream", ConformanceRule.Log, async store =>
        {
            var events = store.Events(9);
            for (var i = 0; i < events.Length; i++)
            {
                var result = await store.AppendAsync($"s{i % 3}", events[i]);
                ExpectResult(result, i + 1, i + 1, false, new AppendedStream($"s{i % 3}", (i / 3) + 1, (i / 3) + 1));
            }

            await store.ExpectLogAsync([.. events.Select((e, i) => ($"s{i % 3}", e))]);
        }),
        new("Append_to_several_streams_stands_in_the_order_of_the_request", ConformanceRule.Append, async store =>
        {
            var e = store.Events(5);
            var result = await store.AppendAsync(Request(
                Write("b", ExpectedVersion.NoStream, e[0], e[1]),
                Write("a", ExpectedVersion.NoStream, e[2]),
                Write("c", ExpectedVersion.NoStream, e[3], e[4])));
            ExpectResult(result, 1, 5, false, new AppendedStream("b", 1, 2), new AppendedStream("a", 1, 1), new AppendedStream("c", 1, 2));
            await store.ExpectLogAsync(("b", e[0]), ("b", e[1]), ("a", e[2]), ("c", e[3]), ("c", e[4]));
        }),
        new("Append_to_new_and_known_streams_continues_each", ConformanceRule.Append, async store =>
        {
            var e = store.Events(6);
            await store.AppendAsync("known", e[0], e[1]);
            var result = await store.AppendAsync(Request(
                Write("new", ExpectedVersion.NoStream, e[2]), Write("known", 2, e[3], e[4]), Write("other", ExpectedVersion.Any, e[5])));
            ExpectResult(
                result, 3, 6, false, new AppendedStream("new", 1, 1), new AppendedStream("known", 3, 4), new AppendedStream("other", 1, 1));
            await store.ExpectLogAsync(("known", e[0]), ("known", e[1]), ("new", e[2]), ("known", e[3]), ("known", e[4]), ("other", e[5]));
        }),
        new("Append_with_checks_beside_writes_returns_only_the_written_streams", ConformanceRule.Append, async store =>
        {
            var e = store.Events(3);
            await store.AppendAsync("checked", e[0]);
            var result = await store.AppendAsync(Request(
                Check("checked", 1),
                Write("a", ExpectedVersion.NoStream, e[1]),
                Check("never", ExpectedVersion.NoStream),
                Write("b", ExpectedVersion.NoStream, e[2])));
            ExpectResult(result, 2, 3, false, new AppendedStream("a", 1, 1), new AppendedStream("b", 1, 1));
            await store.ExpectLogAsync(("checked", e[0]), ("a", e[1]), ("b", e[2]));
        }),
        new("Append_that_only_checks_a_stream_does_not_make_it_exist", ConformanceRule.Append, async store =>
        {
            await store.AppendAsync(Request(Check("checked", ExpectedVersion.Any), Write("a", ExpectedVersion.Any, store.Event())));
            Expect.Equal(0, await store.VersionAsync("checked"), "the version of the stream that was only checked");
            ExpectResult(
                await store.AppendAsync("checked", ExpectedVersion.NoStream, store.Event()),
                2,
                2,
                false,
                new AppendedStream("checked", 1, 1));
        }),
        new("Append_expecting_the_version_that_the_last_append_returned_succeeds", ConformanceRule.Append, async store =>
        {
            await store.AppendAsync("other", store.Events(3));
            var version = 0L;
            for (var i = 0; i < 5; i++) version = (await store.AppendAsync("a", version, store.Events(2))).Version;
            Expect.Equal(10, version, "the version after five appends of two events");
        }),
        new("Append_expecting_the_position_in_place_of_the_version_is_refused", ConformanceRule.Append, async store =>
        {
            await store.AppendAsync("other", store.Events(3));
            var result = await store.AppendAsync("a", store.Event());
            var error = await store.RefusesAsync<WrongExpectedVersionException>(Request(Write("a", result.Position, store.Event())));
            Expect.Equal(1, error.ActualVersion, "the actual version in the error");
        }),
        new("Append_of_1000_events_stands_whole_and_in_order", ConformanceRule.Append, async store =>
        {
            var events = store.Events(1000);
            ExpectResult(await store.AppendAsync("a", events), 1, 1000, false, new AppendedStream("a", 1, 1000));
            await store.ExpectLogAsync([.. events.Select(e => ("a", e))]);
        }),
        new("Append_to_200_streams_at_once_stands_whole_and_in_order", ConformanceRule.Append, async store =>
        {
            var events = store.Events(200);
            var result =
                await store.AppendAsync(new AppendRequest([.. events.Select((e, i) => Write($"s{i}", ExpectedVersion.NoStream, e))]));
            ExpectResult(result, 1, 200, false, [.. events.Select((_, i) => new AppendedStream($"s{i}", 1, 1))]);
            await store.ExpectLogAsync([.. events.Select((e, i) => ($"s{i}", e))]);
        }),
        .. AfterRefusals,
        new("Open_two_storages_are_independent_of_each_other", ConformanceRule.Log, async store =>
        {
            var other = await store.OpenAnotherAsync(new EventStorageOptions());
            var e = store.Event();
            await store.AppendAsync("a", e);
            Expect.Equal(0, await other.GetHeadAsync(store.CancellationToken), "the head of the other storage");
            var result = await other.AppendAsync(Request(Write("a", ExpectedVersion.NoStream, e)), store.CancellationToken);
            ExpectResult(result, 1, 1, false, new AppendedStream("a", 1, 1));
        }),
        new("Open_an_empty_storage_has_head_0_and_no_events", ConformanceRule.Log, async store =>
        {
            await store.ExpectLogAsync();
            Expect.Equal(0, await store.VersionAsync("a"), "the version of an unknown stream");
        }),
        new("Dispose_twice_is_harmless", ConformanceRule.Errors, async store =>
        {
            await store.AppendAsync("a", store.Event());
            await store.Storage.DisposeAsync();
            await store.Storage.DisposeAsync();
        }),
    ];

    /// <summary>A failed append uses up no position, whatever the reason of its failure.</summary>
    private static IEnumerable<ConformanceCase> AfterRefusals
    {
        get
        {
            yield return After("a_wrong_expected_version", store =>
                store.RefusesAsync<WrongExpectedVersionException>(Request(Write("a", 7, store.Events(3)))));
            yield return After("a_failed_check", store =>
                store.RefusesAsync<WrongExpectedVersionException>(Request(
                    Write("b", ExpectedVersion.Any, store.Events(3)), Check("a", ExpectedVersion.NoStream))));
            yield return After("a_failed_condition", store => store.RefusesAsync<AppendConditionFailedException>(
                Request(Write("a", ExpectedVersion.Any, store.Events(3))) with { Conditions = [new AppendCondition(EventQuery.All, 0)] }));
            yield return After("a_duplicate_id", async store =>
            {
                var first = (await store.LogAsync())[0];
                await store.RefusesAsync<DuplicateEventIdException>(
                    Request(Write("a", ExpectedVersion.Any, store.Event(), new NewEvent(first.Id, "other", default))));
            });
            yield return After("a_bad_argument", store =>
                store.RefusesAsync<ArgumentException>(Request(Write("a", ExpectedVersion.Any, store.Event(), default))));

            static ConformanceCase After(string what, Func<StoreUnderTest, Task> refused) =>
                new($"Append_after_{what}_takes_the_next_position_and_version", ConformanceRule.Log, async store =>
                {
                    await store.AppendAsync("a", store.Events(2));
                    await refused(store);
                    ExpectResult(await store.AppendAsync("a", 2, store.Event()), 3, 3, false, new AppendedStream("a", 3, 3));
                    ExpectResult(
                        await store.AppendAsync("b", ExpectedVersion.NoStream, store.Event()), 4, 4, false, new AppendedStream("b", 1, 1));
                });
        }
    }

    private static IEnumerable<ConformanceCase> Contents
    {
        get
        {
            yield return RoundTrip("data_of_every_byte_value", store => [new NewEvent(store.NewId(), "t", AllBytes)]);
            yield return RoundTrip(
                "no_data", store => [new NewEvent(store.NewId(), "t", default), new NewEvent(store.NewId(), "t", new byte[] { 0 })]);
            yield return RoundTrip("data_of_1_MiB", store => [new NewEvent(store.NewId(), "t", Pseudorandom(1024 * 1024))]);
            yield return RoundTrip(
                "metadata_of_every_byte_value", store => [new NewEvent(store.NewId(), "t", default) { Metadata = AllBytes }]);
            yield return RoundTrip(
                "metadata_on_some_events_only", store => [store.Event(), store.Event(metadata: """{"user":"ann"}"""), store.Event()]);
            yield return RoundTrip("the_same_content_under_different_ids", store => [store.Event(data: "same"), store.Event(data: "same")]);
            yield return RoundTrip("tags_in_the_order_given", store => [store.Tagged("z", "a", "m"), store.Tagged(), store.Tagged("m")]);
            yield return RoundTrip("tags_given_twice_stored_once", store => [store.Tagged("x", "y", "x", "x", "y")]);
            yield return RoundTrip("64_tags", store => [store.Tagged([.. Enumerable.Range(1, 64).Select(n => $"tag {n}")])]);
            yield return RoundTrip("100_different_types", store => [.. Enumerable.Range(1, 100).Select(n => store.Event($"type {n}"))]);
            yield return RoundTrip("an_id_of_asymmetric_bytes", _ => [WithId("00112233-4455-6677-8899-aabbccddeeff")]);
            yield return RoundTrip("ids_that_differ_in_one_byte_only", _ =>
            [
                .. Enumerable.Range(0, 16).Select(n =>
                {
                    var bytes = new byte[16];
                    bytes[n] = 1;
                    return new NewEvent(new Guid(bytes), "t", default);
                }),
            ]);
            yield return RoundTrip("random_ids_in_no_order", _ =>
            [
                WithId("f47ac10b-58cc-4372-a567-0e02b2c3d479"),
                WithId("018f0000-0000-7000-8000-000000000001"),
                WithId("9b2e1c70-1111-4222-8333-444455556666"),
            ]);
            yield return RoundTrip("the_id_of_all_ones", _ => [WithId("ffffffff-ffff-ffff-ffff-ffffffffffff")]);

            static ConformanceCase RoundTrip(string what, Func<StoreUnderTest, NewEvent[]> events) =>
                new($"Append_{what}_is_read_back_alike_from_stream_and_log", ConformanceRule.Immutability, async store =>
                {
                    var appended = events(store);
                    await store.AppendAsync("a", appended);
                    var log = await store.ExpectLogAsync([.. appended.Select(e => ("a", e))]);
                    Expect.Sequence(log, await store.StreamAsync("a"), "the stream");
                });
        }
    }

    private static ReadOnlyMemory<byte> AllBytes => Enumerable.Range(0, 256).Select(b => (byte)b).ToArray();

    private static NewEvent WithId(string id) => new(new Guid(id), "t", default);

    private static byte[] Pseudorandom(int length)
    {
        var bytes = new byte[length];
        new Random(17).NextBytes(bytes);
        return bytes;
    }
}
