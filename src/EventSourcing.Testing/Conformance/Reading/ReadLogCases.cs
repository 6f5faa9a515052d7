namespace EventSourcing.Testing;

/// <summary>Ranges of positions, in both directions, in pages of every length, with and without filters.</summary>
internal static class ReadLogCases
{
    private static readonly EventQuery Odd = EventQuery.WithTags("odd");

    public static IEnumerable<ConformanceCase> All =>
    [
        .. from range in Ranges
           from direction in new[] { ReadDirection.Forwards, ReadDirection.Backwards }
           select InRange(range, direction),
        Case("Read_the_log_of_an_empty_store_is_empty_and_at_its_end", async store =>
        {
            foreach (var direction in new[] { ReadDirection.Forwards, ReadDirection.Backwards })
            {
                using var page = await store.Storage.ReadLogAsync(new LogRead { Direction = direction });
                Expect.True(page.Count == 0 && page.IsEnd, "a page of an empty store is empty and the end");
                Expect.Equal(0, page.Head, "the head in the page");
            }
        }),
        Case("Read_a_page_of_the_log_says_the_head_of_the_whole_log", async store =>
        {
            await SeedAsync(store);
            foreach (var read in new[]
            {
                new LogRead { Limit = 1 },
                new LogRead { UpTo = 3 },
                new LogRead { After = 10 },
                new LogRead { Filter = EventQuery.WithTags("none") },
                new LogRead { Direction = ReadDirection.Backwards, UpTo = 2 },
            })
            {
                using var page = await store.Storage.ReadLogAsync(read);
                Expect.Equal(10, page.Head, $"the head of a page of {read}");
            }
        }),
        Case("Read_the_log_by_a_limit_shorter_than_the_range_is_not_at_its_end", async store =>
        {
            await SeedAsync(store);
            using var page = await store.Storage.ReadLogAsync(new LogRead { Limit = 4 });
            Expect.Equal(4, page.Count, "the number of events in the page");
            Expect.Equal(4, page.Next, "where the next page begins");
            Expect.True(!page.IsEnd, "the page is not the end");
        }),
        Case("Read_the_log_by_a_limit_longer_than_the_range_is_at_its_end", async store =>
        {
            await SeedAsync(store);
            using var page = await store.Storage.ReadLogAsync(new LogRead { Limit = 11 });
            Expect.Equal(10, page.Count, "the number of events in the page");
            Expect.Equal(10, page.Next, "where the next page begins");
            Expect.True(page.IsEnd, "the page is the end");
        }),
        Case("Read_the_log_after_its_head_stays_there", async store =>
        {
            await SeedAsync(store);
            using var page = await store.Storage.ReadLogAsync(new LogRead { After = 10 });
            Expect.Equal(0, page.Count, "the number of events in the page");
            Expect.Equal(10, page.Next, "where the next page begins");
            Expect.True(page.IsEnd, "the page is the end");
        }),
        Case("Read_the_log_where_nothing_matches_moves_past_all_of_it", async store =>
        {
            await SeedAsync(store);
            var next = await EndOfAsync(store, new LogRead { Filter = EventQuery.WithTags("none") });
            Expect.Equal(10, next, "where the next page begins");
        }),
        Case("Read_the_log_whose_tail_does_not_match_moves_past_that_too", async store =>
        {
            await SeedAsync(store);
            await store.AppendAsync("a", store.Events(5));
            Expect.Equal(15, await EndOfAsync(store, new LogRead { Filter = Odd }), "where the next page begins");
            Expect.Equal(15, await EndOfAsync(store, new LogRead { Filter = Odd, After = 12 }), "where the page after that begins");
        }),
        Case("Read_the_log_up_to_a_position_moves_no_further", async store =>
        {
            await SeedAsync(store);
            Expect.Equal(6, await EndOfAsync(store, new LogRead { UpTo = 6 }), "where the next page begins");
            Expect.Equal(
                6,
                await EndOfAsync(store, new LogRead { UpTo = 6, Filter = EventQuery.WithTags("none") }),
                "where the next page of a filtered read begins");
            Expect.Equal(
                6,
                await EndOfAsync(store, new LogRead { UpTo = 6, Filter = Odd }),
                "where the next page begins if the last event does not match");
        }),
        Case("Read_the_log_up_to_a_position_beyond_the_head_moves_no_further_than_the_head", async store =>
        {
            await SeedAsync(store);
            Expect.Equal(10, await EndOfAsync(store, new LogRead { UpTo = 99 }), "where the next page begins");
            Expect.Equal(
                10, await EndOfAsync(store, new LogRead { UpTo = 99, Filter = Odd }), "where the next page of a filtered read begins");
        }),
        Case("Read_the_log_from_where_a_page_ended_sees_what_was_appended_since", async store =>
        {
            await SeedAsync(store);
            foreach (var filter in new[] { EventQuery.All, Odd, EventQuery.WithTags("later") })
            {
                var next = await EndOfAsync(store, new LogRead { Filter = filter });
                var appended = await store.AppendAsync("a", store.Tagged("odd", "later"), store.Tagged("odd", "later"));
                var since = await store.LogAsync(new LogRead { After = next, Filter = filter });
                Expect.Sequence(
                    [appended.FirstPosition, appended.Position], [.. since.Select(e => e.Position)], "the positions appended since");
            }
        }),
        Case("Read_the_log_backwards_where_nothing_matches_is_at_its_end", async store =>
        {
            await SeedAsync(store);
            Expect.Equal(
                0,
                (await store.LogAsync(new LogRead { Filter = EventQuery.WithTags("none"), Direction = ReadDirection.Backwards })).Count,
                "the number of events");
        }),
        Case("Read_the_log_backwards_while_it_grows_returns_what_there_was", async store =>
        {
            await SeedAsync(store);
            using var page = await store.Storage.ReadLogAsync(new LogRead { Direction = ReadDirection.Backwards, Limit = 3 });
            await store.AppendAsync("a", store.Events(3));
            var rest = await store.LogAsync(new LogRead { Direction = ReadDirection.Backwards, UpTo = page.Next });
            Expect.Sequence([7L, 6, 5, 4, 3, 2, 1], [.. rest.Select(e => e.Position)], "the positions that follow the first three");
        }),
        Case("Read_a_log_of_1500_events_in_default_pages_returns_each_once", async store =>
        {
            var events = store.Events(1500);
            await store.AppendAsync("a", events);
            Expect.Sequence([.. events.Select(e => e.Id)], [.. (await store.LogAsync()).Select(e => e.Id)], "the ids read");
        }),
        Case("Read_a_log_of_1500_events_by_a_limit_above_the_default_returns_each_once", async store =>
        {
            var events = store.Events(1500);
            await store.AppendAsync("a", events);
            Expect.Sequence(
                [.. events.Select(e => e.Id)],
                [.. (await store.LogAsync(new LogRead { Limit = 100_000 })).Select(e => e.Id)],
                "the ids read");
        }),
        Case("Read_a_log_of_which_every_100th_event_matches_returns_each_match_once", async store =>
        {
            await store.AppendAsync(
                "a", [.. Enumerable.Range(1, 3000).Select(n => n % 100 == 0 ? store.Tagged("hundredth") : store.Event())]);
            long[] expected = [.. Enumerable.Range(1, 30).Select(n => n * 100L)];
            foreach (var limit in new[] { 1, 7, 30, 1000 })
            {
                var read = new LogRead { Filter = EventQuery.WithTags("hundredth"), Limit = limit };
                Expect.Sequence(expected, [.. (await store.LogAsync(read)).Select(e => e.Position)], $"the positions in pages of {limit}");
                var backwards = await store.LogAsync(read with { Direction = ReadDirection.Backwards });
                Expect.Sequence(
                    [.. expected.Reverse()], [.. backwards.Select(e => e.Position)], $"the positions backwards in pages of {limit}");
            }
        }),
        Case("Read_a_log_of_large_events_returns_each_once", async store =>
        {
            var events = Enumerable.Range(0, 6)
                .Select(n => new NewEvent(store.NewId(), "large", Enumerable.Repeat((byte)n, 700_000).ToArray())).ToArray();
            await store.AppendAsync("a", events);
            Expect.Sequence(
                [.. events.Select(e => SeenEvent.Text(e.Data.Span))], [.. (await store.LogAsync()).Select(e => e.Data)], "the data read");
        }),
        Case("Read_log_and_streams_agree_on_every_event", async store =>
        {
            await SeedAsync(store);
            var log = await store.LogAsync();
            foreach (var stream in log.GroupBy(e => e.Stream))
                Expect.Sequence([.. stream], await store.StreamAsync(stream.Key), $"stream '{stream.Key}'");
        }),
        Bad("after_a_negative_position", new LogRead { After = -1 }),
        Bad("up_to_a_negative_position", new LogRead { UpTo = -1 }),
        Bad("by_a_limit_of_0", new LogRead { Limit = 0 }),
        Bad("by_a_negative_limit", new LogRead { Limit = -5 }),
        Bad("by_no_filter", new LogRead { Filter = null! }),
    ];

    private static IEnumerable<(string Name, LogRead Read)> Ranges =>
    [
        ("whole", new()),
        ("after_a_position", new() { After = 3 }),
        ("after_the_last_but_one", new() { After = 9 }),
        ("after_a_position_beyond_the_head", new() { After = 99 }),
        ("up_to_a_position", new() { UpTo = 4 }),
        ("up_to_position_0", new() { UpTo = 0 }),
        ("up_to_a_position_beyond_the_head", new() { UpTo = 99 }),
        ("between_two_positions", new() { After = 2, UpTo = 7 }),
        ("of_a_single_position", new() { After = 4, UpTo = 5 }),
        ("of_an_empty_range", new() { After = 5, UpTo = 5 }),
        ("of_a_reversed_range", new() { After = 8, UpTo = 3 }),
        ("filtered_after_a_match", new() { After = 3, Filter = Odd }),
        ("filtered_just_before_a_match", new() { After = 4, Filter = Odd }),
        ("filtered_up_to_a_match", new() { UpTo = 7, Filter = Odd }),
        ("filtered_up_to_just_before_a_match", new() { UpTo = 6, Filter = Odd }),
        ("filtered_between_two_positions", new() { After = 2, UpTo = 8, Filter = Odd }),
        ("filtered_of_a_single_position_that_does_not_match", new() { After = 3, UpTo = 4, Filter = Odd }),
        ("filtered_by_two_items_between_two_positions", new()
        {
            After = 1,
            UpTo = 9,
            Filter = EventQuery.Any(new EventQueryItem(tags: ["odd"]), new EventQueryItem(streamPrefix: "s2")),
        }),
    ];

    private static ConformanceCase InRange((string Name, LogRead Read) range, ReadDirection direction) =>
        Case(
            $"Read_the_log_{(direction == ReadDirection.Forwards ? "forwards" : "backwards")}_{range.Name}_returns_exactly_that",
            async store =>
            {
                var expected = (await SeedAsync(store))
                    .Select((e, i) => (Position: i + 1L, e.Stream, e.Event))
                    .Where(e => e.Position > range.Read.After && e.Position <= range.Read.UpTo
                        && range.Read.Filter.Matches(e.Event.Type, e.Stream, e.Event.Tags))
                    .Select(e => e.Position).ToList();
                if (direction == ReadDirection.Backwards) expected.Reverse();
                foreach (var limit in new[] { EventPage.DefaultLimit, 1, 2, 3 })
                {
                    var read = await store.LogAsync(range.Read with { Direction = direction, Limit = limit });
                    Expect.Sequence(expected, [.. read.Select(e => e.Position)], $"the positions in pages of {limit}");
                }
            });

    private static ConformanceCase Bad(string what, LogRead read) => Case($"Read_the_log_{what}_is_a_bad_argument", async store =>
    {
        await SeedAsync(store);
        await Expect.ThrowsAsync<ArgumentException>(async () => (await store.Storage.ReadLogAsync(read)).Dispose(), "the read");
    });

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Reading, run);

    /// <summary>Ten events in three streams; those at odd positions are tagged.</summary>
    private static async Task<List<(string Stream, NewEvent Event)>> SeedAsync(StoreUnderTest store)
    {
        var log = Enumerable.Range(1, 10)
            .Select(n => (Stream: $"s{n % 3}", Event: n % 2 == 1 ? store.Tagged("odd") : store.Event())).ToList();
        foreach (var (stream, e) in log) await store.AppendAsync(stream, e);
        return log;
    }

    /// <summary>The position at which a finished read would go on.</summary>
    private static async Task<long> EndOfAsync(StoreUnderTest store, LogRead read)
    {
        while (true)
        {
            using var page = await store.Storage.ReadLogAsync(read);
            if (page.IsEnd) return page.Next;
            read = read with { After = page.Next };
        }
    }
}
