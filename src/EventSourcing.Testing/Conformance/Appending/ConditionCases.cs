using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Conditions over time: what a decision has read, what was appended meanwhile, and what may then be appended.</summary>
internal static class ConditionCases
{
    private static readonly EventQuery X = EventQuery.WithTags("x");

    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Append_on_condition_of_an_empty_store_succeeds_where_it_is", async store =>
            ExpectResult(
                await store.AppendIfAsync(new(EventQuery.All, 0), "a", store.Event()), 1, 1, false, new AppendedStream("a", 1, 1))),
        Case("Append_on_condition_of_a_query_succeeds_in_an_empty_store", async store =>
            ExpectResult(await store.AppendIfAsync(new(X, 0), "a", store.Tagged("x")), 1, 1, false, new AppendedStream("a", 1, 1))),
        Case("Append_on_condition_of_an_empty_store_is_refused_where_there_is_any_event", async store =>
        {
            await store.AppendAsync("a", store.Event());
            await RefusesAsync(store, new(EventQuery.All, 0), 1);
        }),
        Case("Append_on_condition_succeeds_where_nothing_ever_matched", async store =>
        {
            await store.AppendAsync("a", store.Tagged("y"), store.Event());
            await store.AppendIfAsync(new(X, 0), "b", store.Event());
        }),
        Case("Append_on_condition_after_the_last_match_succeeds", async store =>
        {
            var match = (await store.AppendAsync("a", store.Tagged("x"))).Position;
            await store.AppendIfAsync(new(X, match), "b", store.Event());
        }),
        Case("Append_on_condition_just_before_the_last_match_is_refused", async store =>
        {
            await store.AppendAsync("a", store.Event());
            var match = (await store.AppendAsync("a", store.Tagged("x"))).Position;
            await RefusesAsync(store, new(X, match - 1), match);
        }),
        Case("Append_on_condition_after_the_head_succeeds_where_the_last_match_is_below_it", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"), store.Event(), store.Event());
            await store.AppendIfAsync(new(X, await store.HeadAsync()), "b", store.Event());
        }),
        Case("Append_on_condition_between_the_last_match_and_the_head_succeeds", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"), store.Event(), store.Event());
            await store.AppendIfAsync(new(X, 2), "b", store.Event());
        }),
        Case("Append_on_condition_after_a_position_beyond_the_head_succeeds_where_there_is_no_match", async store =>
        {
            await store.AppendAsync("a", store.Event());
            await store.AppendIfAsync(new(X, 123), "b", store.Event());
        }),
        Case("Append_on_condition_after_a_position_beyond_the_head_succeeds_where_all_matches_are_below", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"));
            await store.AppendIfAsync(new(X, 123), "b", store.Tagged("x"));
            await store.AppendIfAsync(new(EventQuery.All, long.MaxValue), "b", store.Event());
        }),
        Case("Append_on_condition_succeeds_after_an_unrelated_event", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"));
            var head = await store.HeadAsync();
            await store.AppendAsync("a", store.Tagged("y"));
            await store.AppendIfAsync(new(X, head), "b", store.Tagged("x"));
        }),
        Case("Append_on_condition_is_refused_after_a_related_event", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"));
            var head = await store.HeadAsync();
            var related = (await store.AppendAsync("a", store.Tagged("x"))).Position;
            await RefusesAsync(store, new(X, head), related);
        }),
        Case("Append_on_condition_is_refused_when_the_first_match_arrives_after_an_empty_read", async store =>
        {
            await store.AppendAsync("a", store.Event());
            var head = await store.HeadAsync();
            Expect.Equal(0, (await store.LogAsync(X)).Count, "the number of matches at first");
            var first = (await store.AppendAsync("a", store.Tagged("x"))).Position;
            await RefusesAsync(store, new(X, head), first);
        }),
        Case("Append_on_condition_succeeds_after_an_event_of_the_tag_but_another_type", async store =>
        {
            var head = (await store.AppendAsync("a", store.Event("A", tags: "x"))).Position;
            await store.AppendAsync("a", store.Event("B", tags: "x"));
            await store.AppendIfAsync(new(EventQuery.Any(new EventQueryItem(["A"], ["x"])), head), "b", store.Event());
        }),
        Case("Append_on_condition_succeeds_after_an_event_with_one_of_its_two_tags", async store =>
        {
            var head = (await store.AppendAsync("a", store.Tagged("x", "y"))).Position;
            await store.AppendAsync("a", store.Tagged("x"));
            await store.AppendAsync("a", store.Tagged("y"));
            await store.AppendIfAsync(new(EventQuery.WithTags("x", "y"), head), "b", store.Event());
        }),
        Case("Append_on_condition_is_refused_when_only_its_last_item_matches", async store =>
        {
            var head = (await store.AppendAsync("a", store.Tagged("x"))).Position;
            var match = (await store.AppendAsync("a", store.Tagged("y"))).Position;
            await RefusesAsync(store, new(EventQuery.Any(new EventQueryItem(tags: ["z"]), new EventQueryItem(tags: ["y"])), head), match);
        }),
        Case("Append_on_condition_is_not_checked_against_its_own_event", async store =>
            ExpectResult(
                await store.AppendIfAsync(new(EventQuery.All, 0), "a", store.Tagged("x")), 1, 1, false, new AppendedStream("a", 1, 1))),
        Case("Append_on_condition_is_not_checked_against_the_events_of_its_own_batch", async store =>
        {
            var request = Request(
                Write("a", ExpectedVersion.NoStream, store.Tagged("x"), store.Tagged("x")),
                Write("b", ExpectedVersion.NoStream, store.Tagged("x")));
            var result = await store.AppendAsync(request with { Conditions = [new(X, 0)] });
            ExpectResult(result, 1, 3, false, new AppendedStream("a", 1, 2), new AppendedStream("b", 1, 1));
        }),
        Case("Append_on_condition_sees_an_append_made_without_one", async store =>
        {
            var head = await store.HeadAsync();
            await store.AppendIfAsync(new(X, head), "a", store.Event());
            var unguarded = (await store.AppendAsync("a", store.Tagged("x"))).Position;
            await RefusesAsync(store, new(X, head), unguarded);
        }),
        Case("Append_on_condition_sees_an_append_made_on_the_same_condition", async store =>
        {
            var first = (await store.AppendIfAsync(new(X, 0), "a", store.Tagged("x"))).Position;
            await RefusesAsync(store, new(X, 0), first);
        }),
        Case("Append_on_condition_names_the_first_of_several_conflicts", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"), store.Event(), store.Tagged("x"), store.Tagged("x"));
            await RefusesAsync(store, new(X, 1), 3);
        }),
        Case("Append_on_condition_names_the_first_conflict_of_any_item", async store =>
        {
            await store.AppendAsync("a", store.Event(), store.Tagged("y"), store.Tagged("x"));
            await RefusesAsync(store, new(EventQuery.Any(new EventQueryItem(tags: ["x"]), new EventQueryItem(tags: ["y"])), 0), 2);
        }),
        Case("Append_on_two_conditions_succeeds_where_both_hold", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"), store.Tagged("y"));
            var request =
                Request(Write("b", ExpectedVersion.Any, store.Event())) with { Conditions = [new(X, 1), new(EventQuery.WithTags("y"), 2)] };
            ExpectResult(await store.AppendAsync(request), 3, 3, false, new AppendedStream("b", 1, 1));
        }),
        Case("Append_on_two_conditions_names_the_second_where_only_that_fails", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"), store.Tagged("y"));
            AppendCondition second = new(EventQuery.WithTags("y"), 1);
            await RefusesAsync(store, [new(X, 1), second], second, 2);
        }),
        Case("Append_on_two_conditions_names_the_first_where_both_fail", async store =>
        {
            await store.AppendAsync("a", store.Tagged("y"), store.Tagged("x"));
            AppendCondition first = new(X, 0);
            await RefusesAsync(store, [first, new(EventQuery.WithTags("y"), 0)], first, 2);
        }),
        Case("Append_on_two_conditions_of_one_query_holds_each_to_its_own_position", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"), store.Tagged("x"));
            AppendCondition second = new(X, 1);
            await RefusesAsync(store, [new(X, 2), second], second, 2);
        }),
        Case("Append_on_100_conditions_is_refused_by_the_last", async store =>
        {
            await store.AppendAsync("a", store.Tagged("tag 100"));
            AppendCondition[] conditions = [.. Enumerable.Range(1, 100).Select(n =>
                new AppendCondition(EventQuery.WithTags($"tag {n}"), 0))];
            await RefusesAsync(store, conditions, conditions[^1], 1);
        }),
        Case("Append_to_several_streams_on_a_failed_condition_writes_to_none", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"));
            await store.RefusesAsync<AppendConditionFailedException>(
                Request(Write("a", 1, store.Events(2)), Write("b", ExpectedVersion.NoStream, store.Events(2))) with
                {
                    Conditions = [new(X, 0)],
                });
        }),
        Case("Append_on_a_condition_that_holds_is_refused_by_its_expected_version", async store =>
        {
            await store.AppendAsync("a", store.Event());
            await store.RefusesAsync<WrongExpectedVersionException>(
                Request(Write("a", ExpectedVersion.NoStream, store.Event())) with { Conditions = [new(X, 0)] });
        }),
        Case("Append_on_a_condition_that_fails_is_refused_although_its_expected_version_is_right", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"));
            await store.RefusesAsync<AppendConditionFailedException>(
                Request(Write("a", 1, store.Event())) with { Conditions = [new(X, 0)] });
        }),
        Case("Append_on_condition_after_a_refusal_succeeds_with_the_position_read_again", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"));
            var error = await RefusesAsync(store, new(X, 0), 1);
            await store.AppendIfAsync(new(X, error.ConflictingPosition), "b", store.Tagged("x"));
        }),
        Case("Append_to_a_stream_makes_its_events_visible_to_conditions_on_its_prefix", async store =>
        {
            var position = (await store.AppendAsync("account-ann", 0, store.Event())).Position;
            await RefusesAsync(store, new(EventQuery.InStreams("account-"), 0), position);
            await store.AppendIfAsync(new(EventQuery.InStreams("account-"), position), "account-bob", store.Event());
        }),
        Case("Append_a_chain_of_decisions_each_after_the_last_succeeds", async store =>
        {
            var after = 0L;
            for (var i = 0; i < 10; i++)
                after = (await store.AppendIfAsync(new(X, after), $"s{i}", store.Tagged("x"), store.Event())).Position;
            Expect.Equal(20, after, "the position after ten decisions of two events");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Append, run);

    private static Task<AppendConditionFailedException> RefusesAsync(StoreUnderTest store, AppendCondition condition, long conflict) =>
        RefusesAsync(store, [condition], condition, conflict);

    private static async Task<AppendConditionFailedException> RefusesAsync(
        StoreUnderTest store, IReadOnlyList<AppendCondition> conditions, AppendCondition failed, long conflict)
    {
        var error = await store.RefusesAsync<AppendConditionFailedException>(
            Request(Write("new", ExpectedVersion.Any, store.Tagged("x"))) with { Conditions = conditions });
        Expect.Equal(failed, error.Condition, "the condition in the error");
        Expect.Equal(conflict, error.ConflictingPosition, "the first conflicting position in the error");
        return error;
    }
}
