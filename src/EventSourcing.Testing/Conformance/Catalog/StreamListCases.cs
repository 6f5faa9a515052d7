using static EventSourcing.Testing.CatalogNames;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>The catalogue lists streams by code points and page by page, from one snapshot.</summary>
internal static class StreamListCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("List_streams_gives_version_position_and_stamp_of_the_last_event_of_each", async store =>
        {
            await ExpectStreamsAsync(store, new StreamListing());
            var first = store.Clock.Now;
            await store.AppendAsync(Request(Write("a", 0, store.Events(2)), Write("b", 0, store.Events(3))));
            store.Clock.Now += TimeSpan.FromTicks(12_345_678_901);
            await store.AppendAsync("a", store.Event());
            StreamSummary[] expected = [new("a", 3, 6, store.Clock.Now), new("b", 3, 5, first)];
            await ExpectStreamsAsync(store, new StreamListing(), expected);
        }),
        Case("List_streams_orders_names_by_code_point", async store =>
        {
            await AppendToAsync(store, Names);
            await ExpectNamesAsync(store, new StreamListing(), Ordered(Names));
        }),
        .. from limit in (int[])[1, 2, 7, 1_000]
           select Case($"List_streams_{limit}_a_page_gives_each_once_and_then_the_end", async store =>
           {
               await AppendToAsync(store, Names);
               await ExpectNamesAsync(store, new StreamListing { Limit = limit }, Ordered(Names));
               await ExpectNamesAsync(store, new StreamListing { Limit = limit, Prefix = "a" }, OrderedBeginningWith("a"));
           }),
        .. from prefix in Prefixes
           select Case($"List_streams_that_begin_with_{Spelled(prefix)}_gives_exactly_those", async store =>
           {
               await AppendToAsync(store, Names);
               await ExpectNamesAsync(store, new StreamListing { Prefix = prefix }, OrderedBeginningWith(prefix));
           }),
        Case("List_streams_after_a_name_begins_with_the_next_whether_or_not_there_is_a_stream_of_that_name", async store =>
        {
            await AppendToAsync(store, Names);
            var ordered = Ordered(Names);
            for (var i = 0; i < ordered.Length; i++)
            {
                await ExpectNamesAsync(store, new StreamListing { After = ordered[i] }, ordered[(i + 1)..]);
            }

            await ExpectNamesAsync(store, new StreamListing { After = "a-11" }, ordered[(Array.IndexOf(ordered, "a-10") + 1)..]);
            await ExpectNamesAsync(store, new StreamListing { After = "\U0010FFFF\U0010FFFF" });
        }),
        Case("List_streams_after_a_name_before_the_prefix_begins_with_the_first_of_the_prefix", async store =>
        {
            await AppendToAsync(store, Names);
            await ExpectNamesAsync(store, new StreamListing { Prefix = "a-", After = "Z" }, OrderedBeginningWith("a-"));
            await ExpectNamesAsync(store, new StreamListing { Prefix = "a-", After = "a!" }, OrderedBeginningWith("a-"));
        }),
        Case("List_streams_after_a_name_beyond_the_prefix_is_empty", async store =>
        {
            await AppendToAsync(store, Names);
            await ExpectNamesAsync(store, new StreamListing { Prefix = "a-", After = "b" });
        }),
        Case("List_streams_leaves_out_those_without_events", async store =>
        {
            await store.AppendAsync(Request(Write("a", ExpectedVersion.Any, store.Event()), Check("checked", ExpectedVersion.NoStream)));
            await store.RefusesAsync<WrongExpectedVersionException>(Request(Write("refused", 3, store.Event())));
            await ExpectNamesAsync(store, new StreamListing(), "a");
        }),
        Case("List_streams_after_their_payloads_were_erased_gives_them_as_before", async store =>
        {
            await store.AppendAsync("a", store.Events(2));
            var before = await ListAsync(store, new StreamListing());
            await store.AppendAsync(Erasing(store, 1, 2));
            Expect.Sequence(before, await ListAsync(store, new StreamListing { Prefix = "a" }), "the streams");
            await ExpectNamesAsync(store, new StreamListing { Prefix = "$" }, PayloadsErased.StreamName);
        }),
        Case("List_streams_while_batches_are_appended_sees_each_whole_or_not_at_all", async store =>
        {
            await store.AppendAsync(ToThreeStreams(store, 0));
            var appends = Task.Run(async () =>
            {
                for (var i = 1; i < 200; i++) await store.Storage.AppendAsync(ToThreeStreams(store, i), store.CancellationToken);
            });
            while (!appends.IsCompleted) await ExpectOneSnapshotAsync(store);
            await appends;
            await ExpectOneSnapshotAsync(store);
        }),
        .. from flaw in (string[])["a\0b", "a\nb", "a\uD83D", "\uDE00", new string('n', 201)]
           let title = $"List_streams_by_a_text_that_cannot_be_a_name_{Spelled(flaw[..Math.Min(flaw.Length, 3)])}_is_a_bad_argument"
           select Case(title, async store =>
           {
               await store.AppendAsync("a", store.Event());
               await RefusesAsync(store, new StreamListing { Prefix = flaw });
               await RefusesAsync(store, new StreamListing { After = flaw });
           }),
        Case("List_no_streams_or_fewer_is_a_bad_argument", async store =>
        {
            await RefusesAsync(store, new StreamListing { Limit = 0 });
            await RefusesAsync(store, new StreamListing { Limit = -1 });
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Catalog, run);

    private static IEnumerable<string> Prefixes =>
    [
        "a", "a-", "a-1", "a_", "a%", "A", "_", "%", "$", " ", "\u00E4", "\uD7FF", "\uFFFF", "\U0001F600", "\U0010FFFF", "a-\uFFFF",
        "nobody",
    ];

    private static AppendRequest ToThreeStreams(StoreUnderTest store, int n) =>
        Request([.. ((string[])["a", "b", $"c-{n}"]).Select(name => Write(name, ExpectedVersion.Any, store.Events(1)))]);

    private static async Task AppendToAsync(StoreUnderTest store, IEnumerable<string> names)
    {
        foreach (var name in names.Reverse()) await store.AppendAsync(name, store.Event());
    }

    private static string[] OrderedBeginningWith(string prefix) =>
        Ordered(Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)));

    private static string Spelled(string text) =>
        string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) ? c.ToString() : $"U{(int)c:X4}"));

    /// <summary>All pages of a listing. Each page is checked for what holds of every page.</summary>
    private static async Task<List<StreamSummary>> ListAsync(StoreUnderTest store, StreamListing listing)
    {
        var streams = new List<StreamSummary>();
        while (true)
        {
            var page = await store.Catalog.ListStreamsAsync(listing, store.CancellationToken);
            var isWithinLimit = page.Streams.Count <= listing.Limit;
            Expect.True(isWithinLimit, $"a page of limit {listing.Limit} has no more than that (it has {page.Streams.Count})");
            Expect.True(page.IsEnd || page.Streams.Count > 0, "a page without streams is the end");
            streams.AddRange(page.Streams);
            foreach (var stream in page.Streams)
            {
                Expect.Equal(TimeSpan.Zero, stream.LastRecordedAt.Offset, $"the offset of the stamp of '{stream.Name}'");
            }

            if (page.IsEnd) return streams;
            listing = listing with { After = page.Streams[^1].Name };
        }
    }

    private static async Task ExpectStreamsAsync(StoreUnderTest store, StreamListing listing, params StreamSummary[] expected) =>
        Expect.Sequence(expected, await ListAsync(store, listing), "the streams");

    private static async Task ExpectNamesAsync(StoreUnderTest store, StreamListing listing, params string[] expected)
    {
        var streams = await ListAsync(store, listing);
        Expect.Sequence(expected, [.. streams.Select(stream => stream.Name)], $"the names of the streams ({listing})");
    }

    private static async Task RefusesAsync(StoreUnderTest store, StreamListing listing) => await Expect.ThrowsAsync<ArgumentException>(
        async () => await store.Catalog.ListStreamsAsync(listing, store.CancellationToken), $"the listing ({listing})");

    /// <summary>Lists during appends. Each append writes one event to each of three streams, the last of which is new each time.</summary>
    private static async Task ExpectOneSnapshotAsync(StoreUnderTest store)
    {
        var page = await store.Catalog.ListStreamsAsync(new StreamListing { Limit = 1_000 }, store.CancellationToken);
        Expect.True(page.Streams.Count >= 3, $"the streams of an append that has returned are listed (there are {page.Streams.Count})");
        var (a, b) = (page.Streams[0], page.Streams[1]);
        Expect.Equal(a.Version, b.Version, "the version of the second stream, which is appended to with the first");
        Expect.Equal(a.LastPosition + 1, b.LastPosition, "the last position of the second stream, which is appended to with the first");
        if (!page.IsEnd) return;
        Expect.Equal(a.Version, page.Streams.Count - 2, "the number of streams of one event, of which each append makes one");
    }
}
