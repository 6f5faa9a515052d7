using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>The catalogue lists what the store holds, by code points and page by page, from one snapshot.</summary>
internal static class CatalogCases
{
    /// <summary>In the order of their code points, which differs from that of UTF-16 and of every culture.</summary>
    private static readonly string[] Names =
    [
        "$own", " ", "%", "A", "_", "a", "a%1", "a-", "a-1", "a-10", "a-2", "a-\uFFFF", "a-\U00010000", "a_1", "a\u0308", "aa", "b",
        "\u00E4", "\uD7FF", "\uE000", "\uFFFF", "\U0001F600", "\U0010FFFF",
    ];

    public static IEnumerable<ConformanceCase> All =>
    [
        .. StreamCases,
        .. TypeCases,
        .. ReadModelCases,
        .. OtherCases,
    ];

    private static IEnumerable<string> Prefixes =>
    [
        "a", "a-", "a-1", "a_", "a%", "A", "_", "%", "$", " ", "\u00E4", "\uD7FF", "\uFFFF", "\U0001F600", "\U0010FFFF", "a-\uFFFF",
        "nobody",
    ];

    private static IEnumerable<ConformanceCase> StreamCases =>
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

    private static IEnumerable<ConformanceCase> TypeCases =>
    [
        Case("List_event_types_gives_count_first_and_last_position_of_each", async store =>
        {
            await ExpectTypesAsync(store);
            await store.AppendAsync("a", store.Event("opened"), store.Event("paid"), store.Event("paid"));
            await store.AppendAsync("b", store.Event("opened"));
            await store.AppendAsync("b", store.Event("closed"));
            await ExpectTypesAsync(store, new("closed", 1, 5, 5), new("opened", 2, 1, 4), new("paid", 2, 2, 3));
        }),
        Case("List_event_types_orders_names_by_code_point", async store =>
        {
            foreach (var name in Names) await store.AppendAsync("a", store.Event(name));
            var types = await store.Catalog.ListEventTypesAsync(store.CancellationToken);
            Expect.Sequence(Ordered(Names), [.. types.Select(type => type.Name)], "the names of the types");
        }),
        Case("List_event_types_counts_no_refused_and_no_repeated_event", async store =>
        {
            var e = store.Event("paid");
            await store.AppendAsync("a", ExpectedVersion.NoStream, e);
            await store.AppendAsync("a", ExpectedVersion.NoStream, e);
            await store.RefusesAsync<WrongExpectedVersionException>(Request(Write("a", 3, store.Event("paid"), store.Event("refused"))));
            await ExpectTypesAsync(store, new EventTypeSummary("paid", 1, 1, 1));
        }),
        Case("List_event_types_of_1000_events_counts_each", async store =>
        {
            for (var i = 0; i < 10; i++)
            {
                await store.AppendAsync($"s-{i}", [.. Enumerable.Range(0, 100).Select(n => store.Event(n % 10 == 0 ? "tenth" : "other"))]);
            }

            await ExpectTypesAsync(store, new EventTypeSummary("other", 900, 2, 1000), new EventTypeSummary("tenth", 100, 1, 991));
        }),
        Case("List_event_types_after_payloads_were_erased_counts_the_events_as_before", async store =>
        {
            await store.AppendAsync("a", store.Event("paid"), store.Event("paid"));
            await store.AppendAsync(Erasing(store, 1, 2));
            await ExpectTypesAsync(store, new EventTypeSummary(PayloadsErased.TypeName, 1, 3, 3), new EventTypeSummary("paid", 2, 1, 2));
        }),
        Case("List_event_types_while_batches_are_appended_sees_each_whole_or_not_at_all", async store =>
        {
            await store.AppendAsync(OfTwoTypes(store));
            var appends = Task.Run(async () =>
            {
                for (var i = 1; i < 200; i++) await store.Storage.AppendAsync(OfTwoTypes(store), store.CancellationToken);
            });
            while (!appends.IsCompleted) await ExpectCountsOfOneSnapshotAsync(store);
            await appends;
            await ExpectCountsOfOneSnapshotAsync(store);
        }),
    ];

    private static IEnumerable<ConformanceCase> ReadModelCases =>
    [
        Case("List_read_models_gives_fields_and_aliases_of_each_ordered_by_code_point", async store =>
        {
            await ExpectReadModelsAsync(store);
            FieldDefinition[] fields = [new("city", FieldKind.Text), new("age", FieldKind.WholeNumber), new("Weight", FieldKind.Number)];
            await CommitAsync(store, new ReadModelCommit
            {
                Creates = [new("\U0001F600", []), new("people", fields), new("\uFFFF", []), new("$own", [])],
                Aliases = [new("z\U0001F600", "people"), new("z\uFFFF", "people"), new("other", "$own")],
            });
            await ExpectReadModelsAsync(
                store,
                ("$own", [], ["other"]), ("people", fields, ["z\uFFFF", "z\U0001F600"]), ("\uFFFF", [], []), ("\U0001F600", [], []));
        }),
        Case("List_read_models_after_one_was_dropped_and_an_alias_moved_gives_what_is_left", async store =>
        {
            await CommitAsync(store, new ReadModelCommit { Creates = [new("one", []), new("two", [])], Aliases = [new("numbers", "one")] });
            await CommitAsync(store, new ReadModelCommit { Aliases = [new("numbers", "two")] });
            await ExpectReadModelsAsync(store, ("one", [], []), ("two", [], ["numbers"]));
            await CommitAsync(store, new ReadModelCommit { Drops = ["two"] });
            await ExpectReadModelsAsync(store, ("one", [], []));
        }),
    ];

    private static IEnumerable<ConformanceCase> OtherCases =>
    [
        Case("Get_the_size_gives_bytes_in_parts_that_add_up_or_none", async store =>
        {
            for (var i = 0; i < 10; i++) await store.AppendAsync("a", store.Event(data: new string('x', 10_000)));
            if (await store.Catalog.GetSizeAsync(store.CancellationToken) is not { } size) return;
            Expect.True(size.TotalBytes >= 100_000, $"a store of 100,000 bytes of data takes as many at least (it says {size.TotalBytes})");
            var isPart = size.FreeBytes >= 0 && size.FreeBytes <= size.TotalBytes;
            Expect.True(isPart, $"what is free is a part of the whole (it says {size.FreeBytes} of {size.TotalBytes})");
            Expect.Equal(size.TotalBytes, size.Parts.Sum(part => part.Bytes), "the sum of the parts");
        }),
        Case("List_already_cancelled_is_cancelled", async store =>
        {
            await store.AppendAsync("a", store.Event());
            var cancelled = new CancellationToken(canceled: true);
            foreach (var (what, list) in Calls(store.Catalog, cancelled))
            {
                await Expect.ThrowsAsync<OperationCanceledException>(list, what);
            }
        }),
        Case("List_after_the_storage_was_disposed_is_refused", async store =>
        {
            await store.AppendAsync("a", store.Event());
            await store.Storage.DisposeAsync();
            foreach (var (what, list) in Calls(store.Catalog, store.CancellationToken))
            {
                await Expect.ThrowsAsync<ObjectDisposedException>(list, what);
            }
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Catalog, run);

    private static IEnumerable<(string What, Func<Task> List)> Calls(IStorageCatalog catalog, CancellationToken cancellationToken) =>
    [
        ("the listing of streams", async () => await catalog.ListStreamsAsync(new StreamListing(), cancellationToken)),
        ("the listing of event types", async () => await catalog.ListEventTypesAsync(cancellationToken)),
        ("the listing of read models", async () => await catalog.ListReadModelsAsync(cancellationToken)),
        ("the question for the size", async () => await catalog.GetSizeAsync(cancellationToken)),
    ];

    private static AppendRequest ToThreeStreams(StoreUnderTest store, int n) =>
        Request([.. ((string[])["a", "b", $"c-{n}"]).Select(name => Write(name, ExpectedVersion.Any, store.Events(1)))]);

    private static AppendRequest OfTwoTypes(StoreUnderTest store) =>
        Request(Write("a", ExpectedVersion.Any, store.Event("one"), store.Event("other")));

    private static AppendRequest Erasing(StoreUnderTest store, params long[] positions) =>
        Request(Write(PayloadsErased.StreamName, ExpectedVersion.Any, ErasureCases.Record(store, positions))) with { Erase = positions };

    private static async Task AppendToAsync(StoreUnderTest store, IEnumerable<string> names)
    {
        foreach (var name in names.Reverse()) await store.AppendAsync(name, store.Event());
    }

    /// <summary>The bytes of UTF-8 have the order of the code points.</summary>
    private static string[] Ordered(IEnumerable<string> names) =>
        [.. names.OrderBy(name => Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(name)), StringComparer.Ordinal)];

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


    private static async Task ExpectTypesAsync(StoreUnderTest store, params IReadOnlyList<EventTypeSummary> expected)
    {
        var types = await store.Catalog.ListEventTypesAsync(store.CancellationToken);
        Expect.Sequence(expected, types, "the event types");
        Expect.Equal(await store.HeadAsync(), types.Sum(type => type.Count), "the sum of the counts");
    }

    private static async Task CommitAsync(StoreUnderTest store, ReadModelCommit commit) =>
        await store.ReadModels.CommitAsync(commit, store.CancellationToken);

    private static async Task RefusesAsync(StoreUnderTest store, StreamListing listing) => await Expect.ThrowsAsync<ArgumentException>(
        async () => await store.Catalog.ListStreamsAsync(listing, store.CancellationToken), $"the listing ({listing})");

    private static async Task ExpectReadModelsAsync(
        StoreUnderTest store, params IReadOnlyList<(string Name, FieldDefinition[] Fields, string[] Aliases)> expected)
    {
        var models = await store.Catalog.ListReadModelsAsync(store.CancellationToken);
        string[] names = [.. expected.Select(model => model.Name)];
        Expect.Sequence(names, [.. models.Select(model => model.Definition.Name)], "the names of the read models");
        for (var i = 0; i < models.Count; i++)
        {
            Expect.Sequence(expected[i].Fields, models[i].Definition.Fields, $"the fields of '{models[i].Definition.Name}'");
            Expect.Sequence(expected[i].Aliases, models[i].Aliases, $"the aliases of '{models[i].Definition.Name}'");
        }
    }

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

    private static async Task ExpectCountsOfOneSnapshotAsync(StoreUnderTest store)
    {
        var types = await store.Catalog.ListEventTypesAsync(store.CancellationToken);
        Expect.Equal(2, types.Count, "the number of types");
        var expected = types[0] with { Name = "other", FirstPosition = 2, LastPosition = types[0].LastPosition + 1 };
        Expect.Equal(expected, types[1], "the second type, of which each append has one beside one of the first");
        Expect.Equal(types[0].Count * 2, types[1].LastPosition, "the last position of twice as many events as there are of each type");
    }
}
