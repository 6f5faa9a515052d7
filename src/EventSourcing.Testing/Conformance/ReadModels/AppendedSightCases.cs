using static EventSourcing.Testing.AppendedReadModels;
using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>What read models see within an append: its events as they will be stored, and the store as the append will leave it.</summary>
internal static class AppendedSightCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Append_with_read_models_shows_them_its_events_as_they_will_stand", async store =>
        {
            await store.AppendAsync("b", store.Events(2));
            store.Clock.Now += TimeSpan.FromSeconds(1);
            var seen = new List<SeenEvent>();
            await AppendAsync(
                store,
                Look(seen),
                Write("b", 2, store.Event("first", "data of first", "metadata of first", "x", "y")),
                Check("c", ExpectedVersion.NoStream),
                Write("a", ExpectedVersion.NoStream, store.Event("second"), store.Event("third", "", "", "z")));
            Expect.Sequence([3L, 4L, 5L], [.. seen.Select(e => e.Position)], "the positions that were seen");
            Expect.Sequence(await store.LogAsync(new LogRead { After = 2 }), seen, "the events that were seen");
        }),
        Case("Append_with_read_models_to_an_empty_store_shows_them_position_and_version_1", async store =>
        {
            var seen = new List<SeenEvent>();
            await AppendAsync(store, Look(seen), Write("a", ExpectedVersion.Any, store.Events(3)));
            Expect.Sequence(await store.LogAsync(), seen, "the events that were seen");
        }),
        Case("Append_with_read_models_after_the_clock_went_back_shows_them_the_last_stamp", async store =>
        {
            await store.AppendAsync("a", store.Event());
            store.Clock.Now -= TimeSpan.FromHours(1);
            var seen = new List<SeenEvent>();
            await AppendAsync(store, Look(seen), Write("a", 1, store.Event()));
            Expect.Equal(ManualClock.Start, seen[0].RecordedAt, "the stamp that was seen");
            Expect.Sequence(await store.LogAsync(new LogRead { After = 1 }), seen, "the events that were seen");
        }),
        Case("Append_of_1000_events_with_read_models_shows_them_each", async store =>
        {
            var seen = new List<SeenEvent>();
            await AppendAsync(
                store, Look(seen), [.. Enumerable.Range(0, 10).Select(n => Write($"s{n}", ExpectedVersion.Any, store.Events(100)))]);
            Expect.Equal(1000, seen.Count, "the number of events that were seen");
            Expect.Sequence(await store.LogAsync(), seen, "the events that were seen");
        }),
        Case("Append_with_read_models_again_and_again_shows_them_each_event_once_and_in_turn", async store =>
        {
            var seen = new List<SeenEvent>();
            for (var n = 0; n < 20; n++)
                await AppendAsync(store, Look(seen), Write($"s{n % 3}", ExpectedVersion.Any, store.Events(1 + (n % 4))));
            Expect.Sequence(await store.LogAsync(), seen, "the events that were seen");
        }),
        Case("Append_with_read_models_loads_what_earlier_commits_wrote", async store =>
        {
            await CommitAsync(store, Put("people", "ann", "Anna"), Delete("people", "bob"));
            var loaded = new List<string?>();
            await AppendAsync(store, Load(loaded, "people", "bob", "ann", "nobody", "ann"), Write("a", ExpectedVersion.Any, store.Event()));
            Expect.Sequence([null, "Anna", null, "Anna"], loaded, "the documents that were loaded");
        }),
        Case("Append_with_read_models_loads_what_earlier_appends_wrote", async store =>
        {
            for (var n = 1; n <= 10; n++)
            {
                var loaded = new List<string?>();
                await AppendAsync(store, Load(loaded, "people", Count), Write("a", ExpectedVersion.Any, store.Event()));
                Expect.Equal(n == 1 ? null : $"{n - 1}", loaded[0], "the count that was loaded");
                await AppendAsync(store, CountEvents, Write("a", ExpectedVersion.Any, store.Event()));
                await ExpectAsync(store, "people", (Count, $"{n}"));
            }
        }),
        Case("Append_with_read_models_loads_by_an_alias", async store =>
        {
            var loaded = new List<string?>();
            await AppendAsync(store, Load(loaded, "current", "ulysses", "ann"), Write("a", ExpectedVersion.Any, store.Event()));
            Expect.Sequence(["Ulysses", null], loaded, "the documents that were loaded");
        }),
        Case("Append_with_read_models_loads_none_from_a_read_model_that_does_not_exist", async store =>
        {
            var loaded = new List<string?>();
            await AppendAsync(store, Load(loaded, "missing", "ann"), Write("a", ExpectedVersion.Any, store.Event()));
            Expect.Sequence([null], loaded, "the documents that were loaded");
        }),
        Case("Append_with_read_models_reads_the_log_as_of_before", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"), store.Event(), store.Tagged("x"));
            var pages = new List<(string Positions, long Head, bool IsEnd)>();
            await AppendAsync(
                store,
                async (transaction, token) =>
                {
                    foreach (var read in new LogRead[]
                    {
                        new(),
                        new() { Filter = EventQuery.WithTags("x") },
                        new() { Direction = ReadDirection.Backwards, Limit = 2 },
                        new() { After = 3 },
                    })
                    {
                        using var page = await transaction.ReadLogAsync(read, token);
                        pages.Add((string.Join(" ", page.Events.ToArray().Select(e => e.Position)), page.Head, page.IsEnd));
                    }

                    return new ReadModelCommit();
                },
                Write("a", 3, store.Tagged("x"), store.Event()));
            Expect.Sequence(
                [("1 2 3", 3L, true), ("1 3", 3L, true), ("3 2", 3L, false), ("", 3L, true)],
                pages,
                "the pages that were read, each with its head and whether it is the end,");
        }),
        Case("Append_with_read_models_reads_1000_events_of_the_log_page_by_page", async store =>
        {
            await store.AppendAsync("a", store.Events(1000));
            var seen = 0;
            await AppendAsync(
                store,
                async (transaction, token) =>
                {
                    for (var read = new LogRead { Limit = 300 }; ;)
                    {
                        using var page = await transaction.ReadLogAsync(read, token);
                        seen += page.Count;
                        if (page.IsEnd) break;
                        read = read with { After = page.Next };
                    }

                    return new ReadModelCommit { Changes = [Put("people", Count, $"{seen}")] };
                },
                Write("a", 1000, store.Event()));
            await ExpectAsync(store, "people", (Count, "1000"));
        }),
    ];

    private static Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> Look(List<SeenEvent> seen) => (transaction, _) =>
    {
        foreach (var e in transaction.Events) seen.Add(SeenEvent.Of(e));
        return Changing();
    };

    private static Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> Load(
        List<string?> loaded, string model, params string[] keys) =>
        async (transaction, token) =>
        {
            loaded.AddRange((await transaction.LoadAsync(model, keys, token)).Select(Text));
            return new ReadModelCommit();
        };
}
