using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Ranges of versions, in both directions and in pages of every length.</summary>
internal static class ReadStreamCases
{
    private const string Stream = "read";

    /// <summary>The positions of versions 1 to 6: other streams have the ones between.</summary>
    private static readonly long[] Positions = [2, 3, 5, 8, 9, 10];

    public static IEnumerable<ConformanceCase> All =>
    [
        .. from range in Ranges
           from direction in new[] { ReadDirection.Forwards, ReadDirection.Backwards }
           select InRange(range, direction),
        Case("Read_an_unknown_stream_is_empty_and_at_its_end", async store =>
        {
            await store.AppendAsync("other", store.Event());
            foreach (var direction in new[] { ReadDirection.Forwards, ReadDirection.Backwards })
            {
                using var page = await store.Storage.ReadStreamAsync(new StreamRead(Stream) { Direction = direction });
                ExpectPage(page, count: 0, isEnd: true, head: 0);
            }
        }),
        Case("Read_a_page_of_a_stream_says_the_version_of_the_stream_as_its_head", async store =>
        {
            await SeedAsync(store);
            foreach (var read in new[]
            {
                new StreamRead(Stream) { Limit = 2 },
                new StreamRead(Stream) { After = 4 },
                new StreamRead(Stream) { UpTo = 1 },
                new StreamRead(Stream) { UpToPosition = 3 },
                new StreamRead(Stream) { After = 6 },
            })
            {
                using var page = await store.Storage.ReadStreamAsync(read);
                Expect.Equal(6, page.Head, $"the head of a page of {read}");
            }
        }),
        Case("Read_a_stream_by_a_limit_shorter_than_the_range_is_not_at_its_end", async store =>
        {
            await SeedAsync(store);
            using var page = await store.Storage.ReadStreamAsync(new StreamRead(Stream) { Limit = 4 });
            ExpectPage(page, count: 4, isEnd: false, head: 6);
            Expect.Equal(4, page.Next, "where the next page begins");
        }),
        Case("Read_a_stream_backwards_by_a_limit_shorter_than_the_range_is_not_at_its_end", async store =>
        {
            await SeedAsync(store);
            using var page = await store.Storage.ReadStreamAsync(new StreamRead(Stream) { Limit = 4, Direction = ReadDirection.Backwards });
            ExpectPage(page, count: 4, isEnd: false, head: 6);
            Expect.Equal(2, page.Next, "where the next page begins");
        }),
        Case("Read_a_stream_up_to_a_position_before_its_first_event_passes_no_event", async store =>
        {
            await SeedAsync(store);
            using var page = await store.Storage.ReadStreamAsync(new StreamRead(Stream) { UpToPosition = 1 });
            ExpectPage(page, count: 0, isEnd: true, head: 6);
            Expect.Equal(0, page.Next, "where a read without the bound goes on");
        }),
        Case("Read_a_stream_by_a_limit_longer_than_the_range_is_at_its_end", async store =>
        {
            await SeedAsync(store);
            using var page = await store.Storage.ReadStreamAsync(new StreamRead(Stream) { Limit = 7 });
            ExpectPage(page, count: 6, isEnd: true, head: 6);
        }),
        Case("Read_a_stream_from_where_a_page_ended_sees_what_was_appended_since", async store =>
        {
            await SeedAsync(store);
            using var page = await store.Storage.ReadStreamAsync(new StreamRead(Stream));
            await store.AppendAsync(Stream, store.Events(2));
            var since = await store.StreamAsync(new StreamRead(Stream) { After = page.Next });
            Expect.Sequence([7L, 8L], [.. since.Select(e => e.Version)], "the versions appended since");
        }),
        Case("Read_a_stream_before_and_after_an_append_sees_exactly_that_append", async store =>
        {
            for (var n = 0; n < 5; n++)
            {
                Expect.Equal(n, (await store.StreamAsync(Stream)).Count, "the number of events");
                await store.AppendAsync(Stream, n, store.Event());
            }
        }),
        Case("Read_a_stream_of_1500_events_in_default_pages_returns_each_once", async store =>
        {
            var events = store.Events(1500);
            await store.AppendAsync(Stream, events);
            Expect.Sequence([.. events.Select(e => e.Id)], [.. (await store.StreamAsync(Stream)).Select(e => e.Id)], "the ids read");
            var backwards = await store.StreamAsync(new StreamRead(Stream) { Direction = ReadDirection.Backwards });
            Expect.Sequence([.. events.Reverse().Select(e => e.Id)], [.. backwards.Select(e => e.Id)], "the ids read backwards");
        }),
        Case("Read_a_stream_by_a_limit_above_the_default_returns_each_event_once", async store =>
        {
            var events = store.Events(1500);
            await store.AppendAsync(Stream, events);
            var read = await store.StreamAsync(new StreamRead(Stream) { Limit = 100_000 });
            Expect.Sequence([.. events.Select(e => e.Id)], [.. read.Select(e => e.Id)], "the ids read");
        }),
        Case("Read_a_stream_of_large_events_returns_each_once", async store =>
        {
            var events = Enumerable.Range(0, 6)
                .Select(n => new NewEvent(store.NewId(), "large", Enumerable.Repeat((byte)n, 700_000).ToArray())).ToArray();
            await store.AppendAsync(Stream, events);
            foreach (var direction in new[] { ReadDirection.Forwards, ReadDirection.Backwards })
            {
                var read = await store.StreamAsync(new StreamRead(Stream) { Direction = direction });
                if (direction == ReadDirection.Backwards) read.Reverse();
                Expect.Sequence([.. events.Select(e => SeenEvent.Text(e.Data.Span))], [.. read.Select(e => e.Data)], "the data read");
            }
        }),
        Bad("after_a_negative_version", new StreamRead(Stream) { After = -1 }),
        Bad("up_to_a_negative_version", new StreamRead(Stream) { UpTo = -1 }),
        Bad("up_to_a_negative_position", new StreamRead(Stream) { UpToPosition = -1 }),
        Bad("by_a_limit_of_0", new StreamRead(Stream) { Limit = 0 }),
        Bad("by_a_negative_limit", new StreamRead(Stream) { Limit = -5 }),
    ];

    private static IEnumerable<(string Name, StreamRead Read)> Ranges =>
    [
        ("whole", new(Stream)),
        ("after_a_version", new(Stream) { After = 2 }),
        ("after_the_last_but_one", new(Stream) { After = 5 }),
        ("after_the_last", new(Stream) { After = 6 }),
        ("after_a_version_it_has_not_reached", new(Stream) { After = 99 }),
        ("up_to_a_version", new(Stream) { UpTo = 4 }),
        ("up_to_version_1", new(Stream) { UpTo = 1 }),
        ("up_to_version_0", new(Stream) { UpTo = 0 }),
        ("up_to_a_version_it_has_not_reached", new(Stream) { UpTo = 99 }),
        ("between_two_versions", new(Stream) { After = 1, UpTo = 4 }),
        ("of_a_single_version", new(Stream) { After = 3, UpTo = 4 }),
        ("of_an_empty_range", new(Stream) { After = 4, UpTo = 4 }),
        ("of_a_reversed_range", new(Stream) { After = 5, UpTo = 2 }),
        ("up_to_a_position_of_its_own", new(Stream) { UpToPosition = 8 }),
        ("up_to_a_position_of_another_stream", new(Stream) { UpToPosition = 7 }),
        ("up_to_position_0", new(Stream) { UpToPosition = 0 }),
        ("up_to_a_position_before_its_first_event", new(Stream) { UpToPosition = 1 }),
        ("up_to_a_position_beyond_the_head", new(Stream) { UpToPosition = 99 }),
        ("after_a_version_up_to_a_position", new(Stream) { After = 2, UpToPosition = 8 }),
        ("up_to_a_version_that_comes_before_the_position", new(Stream) { UpTo = 2, UpToPosition = 8 }),
        ("up_to_a_position_that_comes_before_the_version", new(Stream) { UpTo = 5, UpToPosition = 4 }),
        ("after_a_version_that_comes_after_the_position", new(Stream) { After = 3, UpToPosition = 4 }),
    ];

    private static ConformanceCase InRange((string Name, StreamRead Read) range, ReadDirection direction) =>
        Case(
            $"Read_a_stream_{(direction == ReadDirection.Forwards ? "forwards" : "backwards")}_{range.Name}_returns_exactly_that",
            async store =>
            {
                await SeedAsync(store);
                var expected = (await store.LogAsync())
                    .Where(e => e.Stream == Stream && e.Version > range.Read.After && e.Version <= range.Read.UpTo
                        && e.Position <= range.Read.UpToPosition).ToList();
                Expect.True(
                    expected.All(e => Positions[e.Version - 1] == e.Position),
                    "the versions stand at the positions at which they were appended");
                if (direction == ReadDirection.Backwards) expected.Reverse();
                foreach (var limit in new[] { EventPage.DefaultLimit, 1, 2, 3 })
                {
                    Expect.Sequence(
                        expected,
                        await store.StreamAsync(range.Read with { Direction = direction, Limit = limit }),
                        $"the events in pages of {limit}");
                }
            });

    private static ConformanceCase Bad(string what, StreamRead read) => Case($"Read_a_stream_{what}_is_a_bad_argument", async store =>
    {
        await SeedAsync(store);
        await Expect.ThrowsAsync<ArgumentException>(async () => (await store.Storage.ReadStreamAsync(read)).Dispose(), "the read");
    });

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Reading, run);

    private static async Task SeedAsync(StoreUnderTest store)
    {
        await store.AppendAsync("before", store.Event());
        await store.AppendAsync(Stream, store.Events(2));
        await store.AppendAsync(Request(
            Write("readx", ExpectedVersion.Any, store.Event()),
            Write(Stream, 2, store.Event()),
            Write("rea", ExpectedVersion.Any, store.Events(2)),
            Write("READ", ExpectedVersion.Any)));
        await store.AppendAsync(Stream, store.Events(3));
        await store.AppendAsync("after", store.Event());
    }

    private static void ExpectPage(EventPage page, int count, bool isEnd, long head)
    {
        Expect.Equal(count, page.Count, "the number of events in the page");
        Expect.Equal(count, page.Events.Length, "the length of the page's events");
        Expect.Equal(isEnd, page.IsEnd, "whether the page is the end");
        Expect.Equal(head, page.Head, "the head in the page");
    }
}
