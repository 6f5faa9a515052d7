using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Makes appends that erase, and checks what they leave.</summary>
internal static class Erasures
{
    public static NewEvent Record(StoreUnderTest store, params long[] positions) =>
        new(store.NewId(), PayloadsErased.TypeName, new PayloadsErased([.. positions.Order()], "a reason", null).ToBytes());

    public static AppendRequest Erasing(NewEvent record, params long[] positions) =>
        new([Write(PayloadsErased.StreamName, ExpectedVersion.Any, record)]) { Erase = positions };

    public static AppendRequest Erasure(StoreUnderTest store, params long[] positions) => Erasing(Record(store, positions), positions);

    /// <summary>Six events in three streams, with everything that an event can have.</summary>
    public static async Task<List<SeenEvent>> FillAsync(StoreUnderTest store)
    {
        await store.AppendAsync(
            "a",
            store.Event("opened", """{"owner":"Ann"}""", """{"by":"x"}""", "t1", "t2"),
            store.Event("renamed", """{"owner":"Bob"}""", "m", "t2"));
        store.Clock.Now = ManualClock.Start.AddTicks(1_234_567);
        await store.AppendAsync(Request(
            Write("b", ExpectedVersion.Any, store.Event("opened", """{"owner":"Cid"}""")),
            Write("a", ExpectedVersion.Any, store.Events(2)),
            Write("d", ExpectedVersion.Any, store.Tagged("t1"))));
        return await store.LogAsync();
    }

    /// <summary>The log begins as it did, except that these events are erased; streams and queries show the same.</summary>
    public static async Task<List<SeenEvent>> ExpectErasedAsync(StoreUnderTest store, List<SeenEvent> before, params long[] positions)
    {
        var erased = positions.ToHashSet();
        var expected = before.Select(e => erased.Contains(e.Position) ? e with { Data = "", IsErased = true } : e).ToList();
        var log = await store.LogAsync();
        Expect.Sequence(expected, log.Take(before.Count).ToList(), "the events that were there before");
        foreach (var stream in before.Select(e => e.Stream).Distinct(StringComparer.Ordinal))
        {
            var ofStream = log.Where(e => e.Stream == stream).ToList();
            Expect.Sequence(ofStream, await store.StreamAsync(stream), $"stream '{stream}'");
            Expect.Sequence(
                ofStream,
                await store.LogAsync(EventQuery.OfTypes([.. ofStream.Select(e => e.Type).Distinct()])
                    .Or(EventQuery.InStreams(stream))) is var found
                    ? [.. found.Where(e => e.Stream == stream)]
                    : [],
                $"the events of stream '{stream}' by a query");
        }

        return log;
    }
}
