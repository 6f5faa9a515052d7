using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Events found by their ids: every stored one, and no other.</summary>
internal static class EventIdCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Find_events_by_id_gives_the_position_of_each", async store =>
        {
            var (a, b) = (store.Events(3), store.Events(2));
            await store.AppendAsync(Request(Write("a", ExpectedVersion.NoStream, a), Write("b", ExpectedVersion.NoStream, b)));
            var later = store.Event();
            await store.AppendAsync("a", later);
            await ExpectPositionsAsync(store, [.. a, .. b, later]);
        }),
        Case("Find_an_event_of_1000_by_id_gives_its_position", async store =>
        {
            var events = store.Events(1000);
            foreach (var batch in events.Chunk(100)) await store.AppendAsync("a", batch);
            await ExpectPositionsAsync(store, events);
        }),
        Case("Find_an_id_that_differs_in_any_one_byte_finds_nothing", async store =>
        {
            var e = store.Event();
            await store.AppendAsync("a", store.Event());
            await store.AppendAsync("a", e);
            for (var i = 0; i < 16; i++)
            {
                var bytes = e.Id.ToByteArray();
                bytes[i] ^= 1;
                Expect.Equal(0, await PositionAsync(store, new Guid(bytes)), $"the position of an id that differs in byte {i}");
            }

            Expect.Equal(2, await PositionAsync(store, e.Id), "the position of the event");
        }),
        Case("Find_an_id_whose_bytes_are_those_of_another_in_another_order_finds_nothing", async store =>
        {
            var e = store.Event();
            await store.AppendAsync("a", e);
            Expect.Equal(
                0,
                await PositionAsync(store, new Guid(e.Id.ToByteArray(), bigEndian: true)),
                "the position of the id with its bytes in another order");
            Expect.Equal(1, await PositionAsync(store, e.Id), "the position of the event");
        }),
        Case("Find_the_id_of_a_refused_event_finds_nothing_until_it_is_stored", async store =>
        {
            var (refused, stored) = (store.Event(), store.Event());
            await store.RefusesAsync<WrongExpectedVersionException>(Request(Write("a", 3, refused)));
            await store.RefusesAsync<OperationCanceledException>(Request(Write("a", 0, refused)), new CancellationToken(canceled: true));
            await store.AppendAsync("a", stored);
            await store.RefusesAsync<DuplicateEventIdException>(Request(Write("a", ExpectedVersion.Any, refused, stored)));
            Expect.Equal(0, await PositionAsync(store, refused.Id), "the position of the refused event");
            await store.AppendAsync("a", refused);
            await ExpectPositionsAsync(store, stored, refused);
        }),
        Case("Find_an_event_by_id_after_it_was_appended_again_gives_its_first_position", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.NoStream, store.Events(2)));
            await store.AppendAsync(request);
            await store.AppendAsync("b", store.Event());
            await store.AppendAsync(request);
            await ExpectPositionsAsync(store, [.. request.Writes[0].Events]);
        }),
        Case("Find_events_by_id_while_others_append_finds_each_as_soon_as_its_append_returns", async store =>
        {
            await Task.WhenAll(Enumerable.Range(0, 4).Select(n => Task.Run(async () =>
            {
                for (var i = 0; i < 25; i++)
                {
                    var events = store.Events(2);
                    var result = await store.Storage.AppendAsync(
                        Request(Write($"s{n}", ExpectedVersion.Any, events)), store.CancellationToken);
                    Expect.Equal(
                        result.FirstPosition, await PositionAsync(store, events[0].Id), "the position of the append's first event");
                    Expect.Equal(result.Position, await PositionAsync(store, events[1].Id), "the position of the append's last event");
                }
            })));
            Expect.Equal(200, await store.HeadAsync(), "the head");
        }),
        Case("Find_an_event_by_id_already_cancelled_is_cancelled", async store =>
        {
            var e = store.Event();
            await store.AppendAsync("a", e);
            await Expect.ThrowsAsync<OperationCanceledException>(
                async () => await store.Storage.GetPositionAsync(e.Id, new CancellationToken(canceled: true)), "the read");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Reading, run);

    private static async Task ExpectPositionsAsync(StoreUnderTest store, params NewEvent[] events)
    {
        for (var i = 0; i < events.Length; i++)
            Expect.Equal(i + 1, await PositionAsync(store, events[i].Id), $"the position of the event {events[i].Id}");
    }

    private static async Task<long> PositionAsync(StoreUnderTest store, Guid id) =>
        await store.Storage.GetPositionAsync(id, store.CancellationToken);
}
