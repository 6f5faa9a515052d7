using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>What is just within a limit is stored; what is just beyond it is refused with nothing written.</summary>
internal static class LimitCases
{
    private static readonly EventStorageLimits Small =
        new() { MaxDataBytes = 100, MaxMetadataBytes = 50, MaxEventsPerAppend = 5, MaxTagsPerEvent = 3 };

    public static IEnumerable<ConformanceCase> All =>
    [
        Within("data_as_large_as_the_limit", Small, store => [Data(store, 100)]),
        Beyond("data_larger_than_the_limit", Small, store => [Data(store, 101)]),
        Beyond("data_larger_than_the_limit_in_the_last_event", Small, store => [store.Event(), store.Event(), Data(store, 101)]),
        Within("metadata_as_large_as_the_limit", Small, store => [store.Event() with { Metadata = new byte[50] }]),
        Beyond("metadata_larger_than_the_limit", Small, store => [store.Event() with { Metadata = new byte[51] }]),
        Within("as_many_events_as_the_limit", Small, store => store.Events(5)),
        Beyond("more_events_than_the_limit", Small, store => store.Events(6)),
        Within("as_many_tags_as_the_limit", Small, store => [store.Tagged("x", "y", "z")]),
        Beyond("more_tags_than_the_limit", Small, store => [store.Tagged("w", "x", "y", "z")]),
        Within("repeated_tags_that_are_within_the_limit_once_distinct", Small, store => [store.Tagged("x", "y", "x", "y", "x")]),
        Within("several_events_that_are_over_the_limit_of_data_only_together", Small, store =>
            [Data(store, 100), Data(store, 100), Data(store, 100)]),
        Beyond("data_larger_than_1_MiB_by_default", null, store => [Data(store, (1024 * 1024) + 1)]),
        Within("metadata_of_64_KiB_by_default", null, store => [store.Event() with { Metadata = new byte[64 * 1024] }]),
        Beyond("metadata_larger_than_64_KiB_by_default", null, store => [store.Event() with { Metadata = new byte[(64 * 1024) + 1] }]),
        Within("10000_events_by_default", null, store => store.Events(10_000)),
        Beyond("10001_events_by_default", null, store => store.Events(10_001)),
        Beyond("65_tags_by_default", null, store => [store.Tagged([.. Enumerable.Range(1, 65).Select(n => $"tag {n}")])]),
        Within("data_larger_than_the_default_where_the_limit_is_raised", new EventStorageLimits { MaxDataBytes = 3 * 1024 * 1024 }, store =>
            [Data(store, 3 * 1024 * 1024)]),
        new("Append_more_events_than_the_limit_over_several_streams_is_refused", ConformanceRule.Limits, async store =>
            await store.RefusesAsync<ArgumentException>(Request(
                Write("a", ExpectedVersion.Any, store.Events(3)), Write("b", ExpectedVersion.Any, store.Events(3)))), Small),
        new("Append_checks_beside_as_many_events_as_the_limit_succeeds", ConformanceRule.Limits, async store =>
        {
            var events = store.Events(5);
            await store.AppendAsync(Request([
                .. Enumerable.Range(1, 6).Select(n => Check($"checked {n}", ExpectedVersion.NoStream)),
                Write("a", ExpectedVersion.Any, events),
            ]));
            await store.ExpectLogAsync([.. events.Select(e => ("a", e))]);
        }, Small),
        new("Options_are_those_that_the_storage_was_opened_with", ConformanceRule.Limits, store =>
        {
            Expect.Equal(Small, store.Storage.Options.Limits, "the limits in force");
            Expect.True(ReferenceEquals(store.Clock, store.Storage.Options.TimeProvider), "the clock in force is the one given");
            return Task.CompletedTask;
        }, Small),
    ];

    private static ConformanceCase Within(string what, EventStorageLimits? limits, Func<StoreUnderTest, NewEvent[]> events) =>
        new($"Append_{what}_succeeds", ConformanceRule.Limits, async store =>
        {
            var appended = events(store);
            await store.AppendAsync("a", appended);
            await store.ExpectLogAsync([.. appended.Select(e => ("a", e))]);
        }, limits);

    private static ConformanceCase Beyond(string what, EventStorageLimits? limits, Func<StoreUnderTest, NewEvent[]> events) =>
        new($"Append_{what}_is_refused", ConformanceRule.Limits, async store =>
        {
            await store.AppendAsync("a", store.Event());
            await store.RefusesAsync<ArgumentException>(Request(Write("a", 1, events(store))));
        }, limits);

    private static NewEvent Data(StoreUnderTest store, int length) => new(store.NewId(), "t", new byte[length]);
}
