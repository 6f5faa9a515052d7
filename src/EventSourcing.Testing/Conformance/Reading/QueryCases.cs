using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>
/// The one meaning of a query, tested twice: as the filter of a read and as the condition of an append. Types are alternatives, all tags
/// must match, items are alternatives. Everything is compared whole and ordinally.
/// </summary>
internal static class QueryCases
{
    private const string Composed = "\u00E9";
    private const string Decomposed = "e\u0301";
    private static readonly string LongTag = new('t', 199);

    public static IEnumerable<ConformanceCase> All => [.. Rows.Select(AsFilter), .. Rows.Select(AsCondition), .. Others];

    /// <summary>The log that every row is run against; a row's numbers are positions in it.</summary>
    private static readonly (string Stream, string Type, string[] Tags)[] Log =
    [
        ("account-1", "A", []), // 1
        ("account-1", "B", ["x"]), // 2
        ("account-2", "A", ["x", "y"]), // 3
        ("account-2", "C", ["y"]), // 4
        ("order-1", "B", ["z", "y", "x"]), // 5
        ("order-1", "A", ["x"]), // 6
        ("account-10", "AB", ["xy"]), // 7
        ("ACCOUNT-1", "a", ["X"]), // 8
        ("account", "C", [Composed]), // 9
        ("order_2", "C", [Decomposed]), // 10
        ("orderX2", "C", [LongTag + "1", "it's", "\"q\"", "%", "x|y", "[x]"]), // 11
        ("order%", "%", [LongTag + "2", "\u001F", "line\nbreak", "\U0001F600"]), // 12
        ("p\uD7FFq", "D", ["number:1"]), // 13
        ("p\uE000", "D", ["number:10", "1"]), // 14
        ("q\U0010FFFFa", "D", ["01"]), // 15
        ("q\U0001F600a", "D", ["x "]), // 16
        ("q\uFFFFa", "E", ["x", "y", "z"]), // 17
        ("account-1", "E", ["y", "x"]), // 18
    ];

    private static IEnumerable<Row> Rows =>
    [
        new("every_event", EventQuery.All, [.. Enumerable.Range(1, 18)]),
        new("one_type", EventQuery.OfTypes("A"), [1, 3, 6]),
        new("either_of_two_types", EventQuery.OfTypes("C", "B"), [2, 4, 5, 9, 10, 11]),
        new("a_type_in_another_case", EventQuery.OfTypes("a"), [8]),
        new("a_type_that_is_a_wildcard_elsewhere", EventQuery.OfTypes("%"), [12]),
        new("a_type_that_no_event_has", EventQuery.OfTypes("Z"), []),
        new("a_type_that_no_event_has_or_one_that_some_have", EventQuery.OfTypes("Z", "AB"), [7]),
        new("one_tag", EventQuery.WithTags("x"), [2, 3, 5, 6, 17, 18]),
        new("two_tags", EventQuery.WithTags("x", "y"), [3, 5, 17, 18]),
        new("two_tags_in_the_other_order", EventQuery.WithTags("y", "x"), [3, 5, 17, 18]),
        new("three_tags", EventQuery.WithTags("y", "z", "x"), [5, 17]),
        new("a_tag_given_twice", EventQuery.WithTags("z", "z"), [5, 17]),
        new("a_tag_that_no_event_has", EventQuery.WithTags("nobody"), []),
        new("a_tag_that_some_have_with_one_that_none_has", EventQuery.WithTags("x", "nobody"), []),
        new("two_tags_that_never_meet", EventQuery.WithTags("x", "xy"), []),
        new("a_tag_that_is_the_beginning_of_another", EventQuery.WithTags("number:1"), [13]),
        new("a_tag_that_begins_with_another", EventQuery.WithTags("number:10"), [14]),
        new("a_tag_in_another_case", EventQuery.WithTags("X"), [8]),
        new("a_tag_with_a_trailing_space", EventQuery.WithTags("x "), [16]),
        new("a_tag_that_looks_like_a_number", EventQuery.WithTags("1"), [14]),
        new("a_composed_letter_as_tag", EventQuery.WithTags(Composed), [9]),
        new("a_decomposed_letter_as_tag", EventQuery.WithTags(Decomposed), [10]),
        new("a_long_tag_that_differs_at_its_end", EventQuery.WithTags(LongTag + "2"), [12]),
        new("tags_with_quotes", EventQuery.WithTags("it's", "\"q\""), [11]),
        new("a_tag_that_is_a_wildcard_elsewhere", EventQuery.WithTags("%"), [11]),
        new("a_tag_with_a_separator", EventQuery.WithTags("x|y"), [11]),
        new("a_tag_in_brackets", EventQuery.WithTags("[x]"), [11]),
        new("tags_with_control_characters", EventQuery.WithTags("\u001F", "line\nbreak"), [12]),
        new("a_tag_beyond_the_basic_plane", EventQuery.WithTags("\U0001F600"), [12]),
        new("a_stream_prefix", EventQuery.InStreams("account-"), [1, 2, 3, 4, 7, 18]),
        new("a_stream_prefix_that_is_a_whole_name", EventQuery.InStreams("account-1"), [1, 2, 7, 18]),
        new("a_stream_prefix_without_the_hyphen", EventQuery.InStreams("account"), [1, 2, 3, 4, 7, 9, 18]),
        new("a_stream_prefix_in_another_case", EventQuery.InStreams("ACCOUNT"), [8]),
        new("a_stream_prefix_that_no_name_has", EventQuery.InStreams("account-100"), []),
        new("a_stream_prefix_found_only_inside_names", EventQuery.InStreams("ccount"), []),
        new("a_stream_prefix_with_an_underscore", EventQuery.InStreams("order_"), [10]),
        new("a_stream_prefix_with_a_percent_sign", EventQuery.InStreams("order%"), [12]),
        new("a_stream_prefix_that_ends_before_the_surrogates", EventQuery.InStreams("p\uD7FF"), [13]),
        new("a_stream_prefix_that_ends_after_the_surrogates", EventQuery.InStreams("p\uE000"), [14]),
        new("a_stream_prefix_that_ends_in_the_last_code_point", EventQuery.InStreams("q\U0010FFFF"), [15]),
        new("a_stream_prefix_that_ends_beyond_the_basic_plane", EventQuery.InStreams("q\U0001F600"), [16]),
        new("a_stream_prefix_that_ends_in_the_last_basic_code_point", EventQuery.InStreams("q\uFFFF"), [17]),
        new("a_type_with_a_tag", Item(["B"], ["x"]), [2, 5]),
        new("a_type_with_two_tags", Item(["A"], ["y", "x"]), [3]),
        new("two_types_with_two_tags", Item(["B", "E"], ["x", "y"]), [5, 17, 18]),
        new("a_type_with_a_tag_that_only_other_types_have", Item(["C"], ["x"]), []),
        new("a_type_with_a_prefix", Item(["A"], [], "account-"), [1, 3]),
        new("a_tag_with_a_prefix", Item([], ["x"], "account-1"), [2, 18]),
        new("a_type_and_tags_with_a_prefix", Item(["B", "E"], ["x", "y"], "account"), [18]),
        new("either_of_two_tags", Either(new(tags: ["z"]), new(tags: ["y"])), [3, 4, 5, 17, 18]),
        new("either_of_two_types_with_tags", Either(new(["E"], ["z"]), new(["A"], ["x"])), [3, 6, 17]),
        new("a_type_or_a_tag", Either(new(["AB"]), new(tags: ["z"])), [5, 7, 17]),
        new("a_type_or_a_prefix", Either(new(["E"]), new(streamPrefix: "order-")), [5, 6, 17, 18]),
        new("a_tag_or_a_prefix", Either(new(tags: ["z"]), new(streamPrefix: "account-2")), [3, 4, 5, 17]),
        new("the_same_item_twice", Either(new(["A"]), new(["A"])), [1, 3, 6]),
        new("an_item_and_one_that_contains_it", Either(new(["A"], ["x"]), new(["A"])), [1, 3, 6]),
        new("an_item_that_matches_nothing_or_one_that_does", Either(new(["Z"]), new(tags: ["xy"])), [7]),
        new("a_query_merged_with_a_narrower_one", EventQuery.WithTags("x").Or(Item(["A"], ["x"])), [2, 3, 5, 6, 17, 18]),
        new("a_query_merged_with_every_event", EventQuery.WithTags("x").Or(EventQuery.All), [.. Enumerable.Range(1, 18)]),
        new("1000_types_in_one_item", EventQuery.OfTypes([.. Numbered("none ", 999), "AB"]), [7]),
        new(
            "1000_items",
            EventQuery.Any([.. Numbered("none ", 999).Select(tag => new EventQueryItem(tags: [tag])), new EventQueryItem(tags: ["xy"])]),
            [7]),
        new("an_item_of_100_tags", EventQuery.WithTags([.. Numbered("none ", 99), "x"]), []),
    ];

    private static IEnumerable<ConformanceCase> Others =>
    [
        new("Filter_by_64_tags_of_an_event_that_has_them_all_finds_it", ConformanceRule.Reading, async store =>
        {
            string[] tags = [.. Numbered("tag ", 64)];
            await store.AppendAsync("a", store.Tagged(tags), store.Tagged(tags[1..]));
            var found = await store.LogAsync(EventQuery.WithTags(tags.Reverse()));
            Expect.Sequence([1L], [.. found.Select(e => e.Position)], "the positions found");
        }),
        new("Filter_by_a_tag_that_stands_in_data_metadata_type_and_stream_only_finds_nothing", ConformanceRule.Reading, async store =>
        {
            await store.AppendAsync("needle", store.Event("needle", "\"needle\"", "\"needle\"", "other"));
            Expect.Equal(
                0, (await store.LogAsync(EventQuery.WithTags("needle"))).Count, "the number of events found by a tag that none has");
        }),
        new("Filter_by_a_type_that_stands_in_data_tags_and_stream_only_finds_nothing", ConformanceRule.Reading, async store =>
        {
            await store.AppendAsync("needle", store.Event("other", "\"needle\"", "\"needle\"", "needle"));
            Expect.Equal(
                0, (await store.LogAsync(EventQuery.OfTypes("needle"))).Count, "the number of events found by a type that none has");
        }),
        new("Filter_many_events_by_a_common_and_a_rare_tag_finds_the_rare_ones", ConformanceRule.Reading, async store =>
        {
            await store.AppendAsync(
                "a", [.. Enumerable.Range(1, 2000).Select(n => n % 400 == 0 ? store.Tagged("common", "rare") : store.Tagged("common"))]);
            long[] rare = [400, 800, 1200, 1600, 2000];
            Expect.Sequence(
                rare, [.. (await store.LogAsync(EventQuery.WithTags("common", "rare"))).Select(e => e.Position)], "the positions found");
            Expect.Sequence(
                rare,
                [.. (await store.LogAsync(EventQuery.WithTags("rare", "common"))).Select(e => e.Position)],
                "the positions found in the other order of tags");
        }),
        new("Filter_random_events_by_random_queries_agrees_with_the_definition", ConformanceRule.Reading, async store =>
        {
            var random = new Random(20310517);
            var events = Enumerable.Range(0, 200)
                .Select(
                    _ => (Stream: $"{Pick("a", "b")}-{random.Next(3)}", Event: store.Event(Pick("A", "B", "C"), tags: Some("x", "y", "z"))))
                .ToList();
            foreach (var group in events.Chunk(10).Select(chunk => chunk.GroupBy(e => e.Stream)))
            {
                await store.AppendAsync(
                    new AppendRequest([.. group.Select(g => Write(g.Key, ExpectedVersion.Any, [.. g.Select(e => e.Event)]))]));
            }

            var log = await store.LogAsync();
            var byId = events.ToDictionary(e => e.Event.Id);
            for (var i = 0; i < 100; i++)
            {
                var query = EventQuery.Any([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => RandomItem())]);
                var expected = log.Where(e => query.Matches(e.Type, e.Stream, byId[e.Id].Event.Tags)).ToList();
                Expect.Sequence(expected, await store.LogAsync(query), $"the events that match {query}");
            }

            EventQueryItem RandomItem()
            {
                var (types, tags, prefix) = (Some("A", "B", "C"), Some("x", "y", "z"), random.Next(3) == 0 ? Pick("a", "b-", "a-1") : null);
                return types.Length + tags.Length == 0 && prefix is null
                    ? new EventQueryItem(["A"])
                    : new EventQueryItem(types, tags, prefix);
            }

            string Pick(params string[] from) => from[random.Next(from.Length)];
            string[] Some(params string[] from) => [.. from.Where(_ => random.Next(3) == 0)];
        }),
    ];

    private static ConformanceCase AsFilter(Row row) =>
        new($"Filter_by_{row.Name}_finds_exactly_what_matches", ConformanceRule.Reading, async store =>
        {
            await SeedAsync(store);
            foreach (var limit in new[] { EventPage.DefaultLimit, 1, 2 })
            {
                var read = new LogRead { Filter = row.Query, Limit = limit };
                Expect.Sequence(
                    row.Matches,
                    [.. (await store.LogAsync(read)).Select(e => e.Position)],
                    $"the positions that match {row.Query}, in pages of {limit}");
                var backwards = await store.LogAsync(read with { Direction = ReadDirection.Backwards });
                Expect.Sequence(
                    [.. row.Matches.Reverse()],
                    [.. backwards.Select(e => e.Position)],
                    $"the positions that match {row.Query}, backwards in pages of {limit}");
            }
        });

    private static ConformanceCase AsCondition(Row row) =>
        new($"Append_on_condition_of_no_match_for_{row.Name}_is_refused_up_to_the_last_match", ConformanceRule.Append, async store =>
        {
            await SeedAsync(store);
            var last = row.Matches is [.., var match] ? match : 0;
            for (var after = 0L; after < last; after++)
            {
                var condition = new AppendCondition(row.Query, after);
                var error = await store.RefusesAsync<AppendConditionFailedException>(
                    Request(Write("new", ExpectedVersion.Any, store.Event("new"))) with { Conditions = [condition] });
                Expect.Equal(condition, error.Condition, "the condition in the error");
                Expect.Equal(row.Matches.First(p => p > after), error.ConflictingPosition, $"the first conflict after {after}");
            }

            var result = await store.AppendIfAsync(new AppendCondition(row.Query, last), "new", store.Event("new"));
            ExpectResult(result, Log.Length + 1, Log.Length + 1, false, new AppendedStream("new", 1, 1));
        });

    private static async Task SeedAsync(StoreUnderTest store)
    {
        foreach (var (stream, type, tags) in Log) await store.AppendAsync(stream, store.Event(type, tags: tags));
    }

    private static EventQuery Item(string[] types, string[] tags, string? prefix = null) => Either(new EventQueryItem(types, tags, prefix));

    private static EventQuery Either(params EventQueryItem[] items) => EventQuery.Any(items);

    private static IEnumerable<string> Numbered(string name, int count) => Enumerable.Range(1, count).Select(n => $"{name}{n}");

    private sealed record Row(string Name, EventQuery Query, IReadOnlyList<int> Positions)
    {
        public IReadOnlyList<long> Matches { get; } = [.. Positions.Select(p => (long)p)];
    }
}
