using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Bad arguments of an append: each is refused with its error, and nothing is written.</summary>
internal static class ArgumentCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Append_nothing_at_all_is_a_bad_argument", async store =>
            await store.RefusesAsync<ArgumentException>(async () => await store.AppendAsync((AppendRequest)null!))),
        Case("Append_without_a_list_of_writes_is_a_bad_argument", async store =>
            await store.RefusesAsync<ArgumentException>(async () => await store.AppendAsync(new AppendRequest(null!)))),
        Bad("no_writes", _ => Request()),
        Bad("a_write_without_a_list_of_events", store => Request(Write("a", ExpectedVersion.Any, store.Event()), default)),
        Bad("no_list_of_conditions", store => Request(Write("a", ExpectedVersion.Any, store.Event())) with { Conditions = null! }),
        Bad("no_events", _ => Request(Write("a", ExpectedVersion.Any))),
        Bad("only_checks", _ => Request(Check("a", ExpectedVersion.StreamExists), Check("b", ExpectedVersion.NoStream))),
        Bad("a_stream_written_twice", store => Request(
            Write("a", ExpectedVersion.Any, store.Event()),
            Write("b", ExpectedVersion.Any, store.Event()),
            Write("a", ExpectedVersion.Any, store.Event()))),
        Bad("a_stream_both_written_and_checked", store =>
            Request(Write("a", ExpectedVersion.Any, store.Event()), Check("a", ExpectedVersion.StreamExists))),
        Bad("a_stream_checked_twice", store =>
            Request(Check("a", ExpectedVersion.Any), Write("b", ExpectedVersion.Any, store.Event()), Check("a", ExpectedVersion.Any))),
        Bad("an_empty_id", _ => Request(Write("a", ExpectedVersion.Any, new NewEvent(Guid.Empty, "t", default)))),
        Bad("an_event_that_was_never_filled_in", store => Request(Write("a", ExpectedVersion.Any, store.Event(), default, store.Event()))),
        Bad("an_event_without_a_type", store => Request(Write("a", ExpectedVersion.Any, new NewEvent(store.NewId(), null!, default)))),
        Bad("a_bad_event_in_the_last_of_several_streams", store => Request(
            Write("a", 1, store.Event()),
            Write("b", ExpectedVersion.NoStream, store.Event()),
            Write("c", ExpectedVersion.NoStream, store.Event(), new NewEvent(Guid.Empty, "t", default)))),
        Bad("a_stream_without_a_name", store => Request(Write(null!, ExpectedVersion.Any, store.Event()))),
        Bad("a_condition_without_a_query", store =>
            Request(Write("a", ExpectedVersion.Any, store.Event())) with { Conditions = [default] }),
        Bad("a_condition_after_a_negative_position", store => Request(Write("a", ExpectedVersion.Any, store.Event())) with
        {
            Conditions = [new AppendCondition(EventQuery.WithTags("x"), -1)],
        }),
        Case("Append_a_bad_argument_with_a_wrong_expected_version_is_a_bad_argument", async store =>
            await store.RefusesAsync<ArgumentException>(Request(
                Write("a", 55, store.Event()), Write("b", ExpectedVersion.Any, new NewEvent(Guid.Empty, "t", default))))),
    ];

    private static ConformanceCase Bad(string what, Func<StoreUnderTest, AppendRequest> request) =>
        Case($"Append_{what}_is_a_bad_argument", async store =>
            await store.RefusesAsync<ArgumentException>(async () => await store.AppendAsync(request(store)), "a", "b", "c"));

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Errors, async store =>
    {
        await store.AppendAsync("a", store.Event());
        await run(store);
    });
}
