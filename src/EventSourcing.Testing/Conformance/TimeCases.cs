using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Stamps come from the clock, are in UTC, and never decrease along the log.</summary>
internal static class TimeCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Append_stamps_events_with_the_clock_of_the_storage", async store =>
        {
            await store.AppendAsync("a", store.Event());
            store.Clock.Now = ManualClock.Start.AddHours(1);
            await store.AppendAsync("a", store.Event());
            await ExpectStampsAsync(store, TimeSpan.Zero, TimeSpan.FromHours(1));
        }),
        Case("Append_stamps_to_the_precision_of_100_ns", async store =>
        {
            store.Clock.Now = ManualClock.Start.AddTicks(1_234_567);
            await store.AppendAsync("a", store.Event());
            await ExpectStampsAsync(store, TimeSpan.FromTicks(1_234_567));
        }),
        Case("Append_with_a_clock_that_answers_in_local_time_stamps_UTC", async store =>
        {
            store.Clock.Now = ManualClock.Start.ToOffset(TimeSpan.FromHours(-7));
            await store.AppendAsync("a", store.Event());
            await ExpectStampsAsync(store, TimeSpan.Zero);
        }),
        Case("Append_within_one_tick_of_the_clock_repeats_the_stamp", async store =>
        {
            for (var i = 0; i < 3; i++) await store.AppendAsync("a", store.Event());
            await ExpectStampsAsync(store, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
        }),
        Case("Append_after_the_clock_went_back_repeats_the_last_stamp", async store =>
        {
            await store.AppendAsync("a", store.Event());
            store.Clock.Now = ManualClock.Start.AddDays(-1);
            await store.AppendAsync("a", store.Event());
            await ExpectStampsAsync(store, TimeSpan.Zero, TimeSpan.Zero);
        }),
        Case("Append_to_another_stream_after_the_clock_went_back_repeats_the_last_stamp_of_the_log", async store =>
        {
            await store.AppendAsync("a", store.Event());
            store.Clock.Now = ManualClock.Start.AddTicks(-1);
            await store.AppendAsync("b", store.Event());
            await ExpectStampsAsync(store, TimeSpan.Zero, TimeSpan.Zero);
        }),
        Case("Append_after_the_clock_has_caught_up_again_uses_it_again", async store =>
        {
            await store.AppendAsync("a", store.Event());
            foreach (var seconds in new[] { -20, -10, 5 })
            {
                store.Clock.Now = ManualClock.Start.AddSeconds(seconds);
                await store.AppendAsync("a", store.Event());
            }

            await ExpectStampsAsync(store, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        }),
        Case("Append_after_one_refused_in_the_future_does_not_take_its_time", async store =>
        {
            await store.AppendAsync("a", store.Event());
            store.Clock.Now = ManualClock.Start.AddYears(1);
            await store.RefusesAsync<WrongExpectedVersionException>(Request(Write("a", 9, store.Event())));
            store.Clock.Now = ManualClock.Start.AddSeconds(1);
            await store.AppendAsync("a", store.Event());
            await ExpectStampsAsync(store, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        }),
        Case("Append_again_later_keeps_the_original_stamp", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.Any, store.Event()));
            await store.AppendAsync(request);
            store.Clock.Now = ManualClock.Start.AddHours(3);
            await store.AppendAsync(request);
            await ExpectStampsAsync(store, TimeSpan.Zero);
            store.Clock.Now = ManualClock.Start.AddHours(1);
            await store.AppendAsync("a", store.Event());
            await ExpectStampsAsync(store, TimeSpan.Zero, TimeSpan.FromHours(1));
        }),
        Case("Append_a_batch_stamps_all_its_streams", async store =>
        {
            store.Clock.Now = ManualClock.Start.AddMinutes(1);
            await store.AppendAsync(Request(
                Write("a", ExpectedVersion.Any, store.Events(2)), Write("b", ExpectedVersion.Any, store.Event())));
            await ExpectStampsAsync(store, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
        }),
        Case("Append_under_a_clock_that_jumps_about_never_lets_stamps_go_back", async store =>
        {
            var random = new Random(5);
            var expected = new List<TimeSpan>();
            for (var i = 0; i < 60; i++)
            {
                var now = TimeSpan.FromMilliseconds(random.Next(-1000, 1000));
                store.Clock.Now = ManualClock.Start + now;
                await store.AppendAsync($"s{i % 3}", store.Event());
                expected.Add(expected.Count > 0 && expected[^1] > now ? expected[^1] : now);
            }

            await ExpectStampsAsync(store, expected);
        }),
        Case("Append_far_in_the_past_and_in_the_future_keeps_the_stamp", async store =>
        {
            store.Clock.Now = new DateTimeOffset(1, 1, 2, 0, 0, 0, TimeSpan.Zero);
            await store.AppendAsync("a", store.Event());
            store.Clock.Now = new DateTimeOffset(9999, 12, 30, 0, 0, 0, TimeSpan.Zero);
            await store.AppendAsync("a", store.Event());
            var log = await store.LogAsync();
            Expect.Equal(new DateTimeOffset(1, 1, 2, 0, 0, 0, TimeSpan.Zero), log[0].RecordedAt, "the first stamp");
            Expect.Equal(store.Clock.Now, log[1].RecordedAt, "the second stamp");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Time, run);

    private static async Task ExpectStampsAsync(StoreUnderTest store, params IReadOnlyList<TimeSpan> sinceStart)
    {
        var log = await store.LogAsync();
        Expect.Sequence([.. sinceStart.Select(t => ManualClock.Start + t)], [.. log.Select(e => e.RecordedAt)], "the stamps");
        Expect.True(log.All(e => e.Offset == TimeSpan.Zero), "stamps are in UTC");
        foreach (var e in log.DistinctBy(e => e.Stream))
            Expect.Sequence(log.Where(o => o.Stream == e.Stream).ToList(), await store.StreamAsync(e.Stream), $"stream '{e.Stream}'");
    }
}
