using static EventSourcing.Testing.ImportedLogs;

namespace EventSourcing.Testing;

/// <summary>An import of what cannot be a log, or is over a limit, is refused whole, and the next import is not disturbed.</summary>
internal static class ImportArgumentCases
{
    private static readonly EventStorageLimits Small =
        new() { MaxDataBytes = 100, MaxMetadataBytes = 50, MaxEventsPerAppend = 5, MaxTagsPerEvent = 3 };

    public static IEnumerable<ConformanceCase> All =>
    [
        Refused("no_events", _ => []),
        Refused("events_of_which_only_the_first_brings_its_place", store => [Placed(store, 1), Foreign(store, "a", 0)]),
        Refused("events_of_which_only_the_last_brings_its_place", store => [Foreign(store, "a", 0), Placed(store, 2)]),
        Refused("a_position_without_a_version", store => [Placed(store, 1) with { Version = 0 }]),
        Refused("a_negative_position", store => [Placed(store, 1) with { Position = -1 }]),
        Refused("a_place_without_a_seal", store => [Placed(store, 1) with { Seal = default }]),
        Refused("a_seal_without_a_place", store => [Foreign(store, "a", 0) with { Seal = new byte[16] }]),
        Refused("a_seal_of_17_bytes", store => [Placed(store, 1) with { Seal = new byte[17] }]),
        Refused("a_commitment_of_what_is_not_erased", store => [Placed(store, 1) with { Seal = new byte[32] }]),
        Refused("a_salt_of_what_is_erased", store => [Placed(store, 1) with { IsErased = true, Data = default }]),
        Refused("an_erased_event_with_data", store => [Placed(store, 1) with { IsErased = true, Seal = new byte[32] }]),
        Refused("an_erased_event_without_a_place", store => [Foreign(store, "a", 0) with { IsErased = true, Data = default }]),
        Refused("an_id_twice", store =>
        [
            Placed(store, 1),
            WithId(Placed(store, 2), new Guid(7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7)),
            WithId(Placed(store, 3), new Guid(7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7)),
        ]),
        Refused("an_empty_id", store => [WithId(Foreign(store, "a", 0), Guid.Empty)]),
        Refused("a_stream_without_a_name", store => [Foreign(store, "", 0)]),
        Refused("a_type_with_a_control_character", store => [Foreign(store, "a", 0, type: "a\nb")]),
        Refused("a_tag_twice", store => [Foreign(store, "a", 0, tags: ["x", "y", "x"])]),
        Refused("an_empty_tag", store => [Foreign(store, "a", 0, tags: [""])]),
        Refused(
            "a_record_of_erasures_without_its_place",
            store => [Foreign(store, PayloadsErased.StreamName, 0, type: PayloadsErased.TypeName)]),
        Refused(
            "a_record_of_erasures_in_another_stream",
            store => [Placed(store, 1) with { Type = PayloadsErased.TypeName, Data = new PayloadsErased([1], "r", null).ToBytes() }]),
        Refused(
            "a_record_of_erasures_that_is_none",
            store => [Placed(store, 1) with { Type = PayloadsErased.TypeName, Stream = PayloadsErased.StreamName }]),
        Refused("another_event_in_the_stream_of_erasures", store => [Placed(store, 1) with { Stream = PayloadsErased.StreamName }]),
        RefusedAsLimited("more_events_than_the_limit", store => [.. Enumerable.Range(1, 6).Select(_ => Foreign(store, "a", 0))]),
        RefusedAsLimited(
            "data_larger_than_the_limit", store => [Foreign(store, "a", 0), Foreign(store, "a", 0) with { Data = new byte[101] }]),
        RefusedAsLimited("metadata_larger_than_the_limit", store => [Foreign(store, "a", 0) with { Metadata = new byte[51] }]),
        RefusedAsLimited("more_tags_than_the_limit", store => [Foreign(store, "a", 0, tags: ["1", "2", "3", "4"])]),
    ];

    private static ConformanceCase Refused(string what, Func<StoreUnderTest, StoredEvent[]> events, EventStorageLimits? limits = null) =>
        new($"Import_{what}_is_refused", ConformanceRule.Import, async store =>
        {
            await RefusesImportAsync<ArgumentException>(store, events(store));
            Expect.Equal(1, await ImportAsync(store, [Foreign(store, "a", 0)]), "the position of the next import");
        }, limits);

    private static ConformanceCase RefusedAsLimited(string what, Func<StoreUnderTest, StoredEvent[]> events) =>
        Refused(what, events, Small);
}
