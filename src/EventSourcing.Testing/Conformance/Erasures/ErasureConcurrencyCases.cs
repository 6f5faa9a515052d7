using static EventSourcing.Testing.Erasures;

namespace EventSourcing.Testing;

/// <summary>Erasures beside reads and other writes: each is seen whole, with its record.</summary>
internal static class ErasureConcurrencyCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Erase_leaves_a_page_that_was_read_before_as_it_was", async store =>
        {
            await FillAsync(store);
            using var page = await store.Storage.ReadLogAsync(new LogRead(), store.CancellationToken);
            var read = page.Events.ToArray().Select(e => SeenEvent.Of(e)).ToList();
            await store.AppendAsync(Erasure(store, 1, 2));
            Expect.Sequence(read, [.. page.Events.ToArray().Select(e => SeenEvent.Of(e))], "the events of the page after the erasure");
        }),
        Case("Read_while_payloads_are_erased_sees_each_with_its_record_or_not_at_all", async store =>
        {
            await store.AppendAsync("a", store.Events(60));
            store.WaitingFor = "all payloads to be erased";
            var done = Race.RunAsync(1, async _ =>
            {
                for (var i = 1; i <= 60; i += 3) await store.AppendAsync(Erasure(store, i, i + 1, i + 2));
            });
            while (!done.IsCompleted)
            {
                using (var page = await store.Storage.ReadLogAsync(new LogRead { Limit = 100 }, store.CancellationToken))
                {
                    var events = page.Events.ToArray();
                    var named = events.Where(e => e.Type == PayloadsErased.TypeName)
                        .SelectMany(e => PayloadsErased.Parse(e.Data.Span).Positions).ToHashSet();
                    foreach (var e in events.Where(e => e.Stream == "a"))
                    {
                        Expect.Equal(
                            named.Contains(e.Position),
                            e.IsErased,
                            $"whether the event at position {e.Position} is erased, by the records of the same view,");
                        Expect.Equal(
                            e.IsErased,
                            e.Data.IsEmpty,
                            $"whether the event at position {e.Position}, by what it says of itself, has no data");
                    }
                }

                await Task.Yield();
            }

            await done;
            await LedgerChecks.ExpectTreeAsync(store);
        }),
        Case("Race_of_8_erasing_and_appending_erases_all_and_keeps_the_tree", async store =>
        {
            await store.AppendAsync("a", store.Events(160));
            var before = await store.LogAsync();
            await Race.RunAsync(8, async n =>
            {
                for (var i = 0; i < 10; i++)
                {
                    await store.AppendAsync(Erasure(store, (n * 20) + (2 * i) + 1));
                    await store.AppendAsync($"b{n}", store.Event());
                }
            });
            await ExpectErasedAsync(store, before, [.. Enumerable.Range(0, 80).Select(i => (2L * i) + 1)]);
            await LedgerChecks.ExpectTreeAsync(store);
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Immutability, run);
}
