using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Every expectation against every state of a stream, at every place of an append that can have one.</summary>
internal static class ExpectedVersionCases
{
    private const string Stream = "guarded";
    private const string Other = "other";

    public static IEnumerable<ConformanceCase> All =>
    [
        .. from state in States
           from expectation in state.Expectations
           from place in Places
           select Row(place, expectation.Name, expectation.Expected, state),
        new("Append_with_two_failed_expectations_names_the_first_in_the_order_of_the_request", ConformanceRule.Append, async store =>
        {
            await store.AppendAsync("z", store.Event());
            await store.AppendAsync("a", store.Event());
            var error = await store.RefusesAsync<WrongExpectedVersionException>(
                Request(
                    Write("fine", ExpectedVersion.Any, store.Event()), Write("z", 5, store.Event()), Check("a", ExpectedVersion.NoStream)));
            Expect.Equal("z", error.Stream, "the stream in the error");
        }),
        new("Append_after_a_conflict_with_the_actual_version_of_the_error_succeeds", ConformanceRule.Append, async store =>
        {
            await store.AppendAsync(Stream, store.Events(3));
            var error = await store.RefusesAsync<WrongExpectedVersionException>(Request(Write(Stream, 2, store.Event())));
            ExpectResult(
                await store.AppendAsync(Stream, error.ActualVersion, store.Event()), 4, 4, false, new AppendedStream(Stream, 4, 4));
        }),
        new("Append_expecting_a_version_that_the_stream_had_is_refused_at_every_earlier_version", ConformanceRule.Append, async store =>
        {
            for (var version = 0; version < 4; version++) await store.AppendAsync(Stream, version, store.Event());
            for (var version = 0; version < 4; version++)
            {
                var error = await store.RefusesAsync<WrongExpectedVersionException>(Request(Write(Stream, version, store.Event())));
                Expect.Equal(4, error.ActualVersion, "the actual version in the error");
            }
        }),
        new("Append_expecting_the_version_from_before_a_batch_that_touched_the_stream_is_refused", ConformanceRule.Append, async store =>
        {
            var version = (await store.AppendAsync(Stream, store.Events(2))).Version;
            await store.AppendAsync(Request(
                Write(Other, ExpectedVersion.Any, store.Event()), Write(Stream, ExpectedVersion.Any, store.Event())));
            var error = await store.RefusesAsync<WrongExpectedVersionException>(Request(Write(Stream, version, store.Event())));
            Expect.Equal(3, error.ActualVersion, "the actual version in the error");
        }),
        new("Append_expecting_versions_of_several_streams_succeeds_where_all_are_right", ConformanceRule.Append, async store =>
        {
            for (var n = 1; n <= 4; n++) await store.AppendAsync($"s{n}", store.Events(n));
            var result = await store.AppendAsync(Request(
                Write("s4", 4, store.Event()),
                Write("s1", 1, store.Event()),
                Check("s2", 2),
                Write("s3", ExpectedVersion.StreamExists, store.Event())));
            ExpectResult(
                result, 11, 13, false, new AppendedStream("s4", 5, 5), new AppendedStream("s1", 2, 2), new AppendedStream("s3", 4, 4));
        }),
    ];

    private static IEnumerable<State> States =>
    [
        new("a_stream_that_never_existed", 0,
        [
            ("Any", ExpectedVersion.Any), ("NoStream", ExpectedVersion.NoStream), ("StreamExists", ExpectedVersion.StreamExists),
            ("version_1", 1), ("the_largest_version", long.MaxValue),
        ]),
        new("a_stream_at_version_2", 2,
        [
            ("Any", ExpectedVersion.Any), ("NoStream", ExpectedVersion.NoStream), ("StreamExists", ExpectedVersion.StreamExists),
            ("version_1", 1), ("version_2", 2), ("version_3", 3), ("the_largest_version", long.MaxValue),
        ]),
    ];

    private static IEnumerable<Place> Places =>
    [
        new("Append", (expected, mine, _) => [Write(Stream, expected, mine)]),
        new(
            "Append_first_of_two_streams",
            (expected, mine, other) => [Write(Stream, expected, mine), Write(Other, ExpectedVersion.Any, other)]),
        new(
            "Append_second_of_two_streams",
            (expected, mine, other) => [Write(Other, ExpectedVersion.Any, other), Write(Stream, expected, mine)]),
        new("Check_before_a_write", (expected, _, other) => [Check(Stream, expected), Write(Other, ExpectedVersion.Any, other)]),
        new("Check_after_a_write", (expected, _, other) => [Write(Other, ExpectedVersion.Any, other), Check(Stream, expected)]),
    ];

    private static ConformanceCase Row(Place place, string expectation, ExpectedVersion expected, State state)
    {
        var succeeds = expected.IsMetBy(state.Version);
        return new ConformanceCase(
            $"{place.Name}_expecting_{expectation}_of_{state.Name}_{(succeeds ? "succeeds" : "is_refused")}",
            ConformanceRule.Append,
            async store =>
            {
                var log = await SeedAsync(store, state.Version);
                var request = new AppendRequest(place.Writes(expected, store.Event("mine"), store.Event("other")));
                if (!succeeds)
                {
                    var error = await store.RefusesAsync<WrongExpectedVersionException>(request);
                    Expect.Equal(Stream, error.Stream, "the stream in the error");
                    Expect.Equal(expected, error.Expected, "the expectation in the error");
                    Expect.Equal(state.Version, error.ActualVersion, "the actual version in the error");
                    return;
                }

                var written = request.Writes.Where(w => w.Events.Count > 0).ToList();
                var versions = written.Select(w => w.Stream == Stream ? state.Version + 1 : 2).ToList();
                ExpectResult(
                    await store.AppendAsync(request), log.Count + 1, log.Count + written.Count, false, [.. written.Select((w, i) =>
                        new AppendedStream(w.Stream, versions[i], versions[i]))]);
                await store.ExpectLogAsync([.. log, .. written.Select(w => (w.Stream, w.Events[0]))]);
            });
    }

    /// <summary>Versions differ from positions, and the other stream exists, so that a mix-up of any two shows.</summary>
    private static async Task<List<(string, NewEvent)>> SeedAsync(StoreUnderTest store, long version)
    {
        var log = new List<(string Stream, NewEvent Event)> { (Other, store.Event()) };
        for (var v = 1; v <= version; v++) log.Add((Stream, store.Event()));
        foreach (var (stream, e) in log) await store.AppendAsync(stream, e);
        return log;
    }

    private sealed record State(string Name, long Version, IReadOnlyList<(string Name, ExpectedVersion Expected)> Expectations);

    private sealed record Place(string Name, Func<ExpectedVersion, NewEvent, NewEvent, IReadOnlyList<StreamWrite>> Writes);
}
