using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>
/// Readers beside writers: once a position has been seen, no event appears later at or below it, and batches appear whole.
/// </summary>
internal static class ConcurrentReadCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Tail_the_log_while_others_append_sees_every_position_in_turn", async store =>
        {
            var tail = TailAsync(store, 200, EventQuery.All);
            await Race.RunAsync(8, async n =>
            {
                for (var i = 0; i < 25; i++) await store.AppendAsync($"s{n % 3}", store.Event());
            });
            store.WaitingFor = "the tail to come to position 200";
            Expect.Sequence([.. Enumerable.Range(1, 200).Select(n => (long)n)], await tail, "the positions seen");
        }),
        Case("Tail_the_log_by_a_filter_while_others_append_misses_nothing", async store =>
        {
            var tail = TailAsync(store, 200, EventQuery.WithTags("x"));
            await Race.RunAsync(8, async n =>
            {
                for (var i = 0; i < 25; i++) await store.AppendAsync($"s{n}", (n + i) % 3 == 0 ? store.Tagged("x") : store.Event());
            });
            store.WaitingFor = "the tail to come to position 200";
            var seen = await tail;
            Expect.Sequence([.. (await store.LogAsync(EventQuery.WithTags("x"))).Select(e => e.Position)], seen, "the positions seen");
        }),
        Case("Tail_the_log_while_appends_are_refused_waits_for_no_gap", async store =>
        {
            var tail = TailAsync(store, 40, EventQuery.All);
            await Race.RunAsync(4, async n =>
            {
                for (var i = 0; i < 10; i++)
                {
                    await store.AppendAsync($"s{n}", i, store.Event());
                    await Race.TryAsync(store.AppendAsync($"s{n}", ExpectedVersion.NoStream, store.Event()));
                }
            });
            store.WaitingFor = "the tail to come to position 40";
            Expect.Sequence([.. Enumerable.Range(1, 40).Select(n => (long)n)], await tail, "the positions seen");
        }),
        Case("Read_the_log_while_batches_are_appended_sees_each_whole_or_not_at_all", async store =>
            await WhileAppendingBatchesAsync(store, async () =>
            {
                var log = await ReadPageAsync(store, new LogRead { Limit = 10_000 });
                Expect.Equal(0, log.Count % 5, "what is left over of batches of five events");
            })),
        Case("Read_the_log_backwards_while_batches_are_appended_sees_each_whole_or_not_at_all", async store =>
            await WhileAppendingBatchesAsync(store, async () =>
            {
                var log = await ReadPageAsync(store, new LogRead { Limit = 5, Direction = ReadDirection.Backwards });
                Expect.True(log.Count == 0 || log.Select(e => e.Metadata).Distinct().Count() == 1, "the last five events are of one batch");
            })),
        Case("Read_a_stream_while_batches_are_appended_sees_each_whole_or_not_at_all", async store =>
            await WhileAppendingBatchesAsync(store, async () =>
            {
                using var page = await store.Storage.ReadStreamAsync(new StreamRead("a") { Limit = 10_000 });
                Expect.Equal(0, page.Count % 3, "what is left over of parts of three events");
                Expect.Equal(page.Count, page.Head, "the head in the page that has all of the stream");
            })),
        Case("Read_the_head_while_batches_are_appended_sees_each_whole_or_not_at_all", async store =>
            await WhileAppendingBatchesAsync(store, async () =>
                Expect.Equal(0, await store.HeadAsync() % 5, "what is left over of batches of five events"))),
        Case("Read_by_a_filter_while_batches_are_appended_sees_each_whole_or_not_at_all", async store =>
            await WhileAppendingBatchesAsync(store, async () =>
            {
                var found = await ReadPageAsync(store, new LogRead { Limit = 10_000, Filter = EventQuery.InStreams("b") });
                Expect.Equal(0, found.Count % 2, "what is left over of parts of two events");
            })),
        Case("Read_after_an_own_append_sees_it_while_others_append", async store =>
            await Race.RunAsync(8, async n =>
            {
                for (var i = 1; i <= 10; i++)
                {
                    var result = await store.AppendAsync($"s{n}", store.Event());
                    Expect.True(await store.HeadAsync() >= result.Position, "the head is not below an append that has returned");
                    Expect.Equal(i, await store.VersionAsync($"s{n}"), "the version after an own append");
                    var at = await store.LogAsync(new LogRead { After = result.Position - 1, UpTo = result.Position });
                    Expect.Sequence([$"s{n}"], [.. at.Select(e => e.Stream)], "the streams of the events at the position returned");
                }
            })),
        Case("Read_one_position_again_and_again_while_others_append_sees_the_same_event", async store =>
        {
            await store.AppendAsync("a", store.Events(5));
            var first = await store.LogAsync(new LogRead { UpTo = 5 });
            var done = Race.RunAsync(4, async n =>
            {
                for (var i = 0; i < 15; i++) await store.AppendAsync("a", store.Event());
            });
            while (!done.IsCompleted)
                Expect.Sequence(first, await store.LogAsync(new LogRead { UpTo = 5, Limit = 2 }), "the first five events");
            await done;
        }),
        Case("Load_documents_while_they_are_committed_together_sees_them_alike", async store =>
        {
            var done = Task.Run(async () =>
            {
                for (byte n = 1; n <= 60; n++)
                {
                    await store.ReadModels.CommitAsync(new ReadModelCommit
                    {
                        Creates = [Documents.Define("m")],
                        Changes = [new DocumentChange("m", "a", new[] { n }), new DocumentChange("m", "b", new[] { n })],
                    });
                }
            });
            while (!done.IsCompleted)
            {
                var documents = await store.ReadModels.LoadAsync("m", ["a", "b"]);
                Expect.Equal(documents[0]?[0], documents[1]?[0], "the other of two documents that are committed together");
                await Task.Yield();
            }

            await done;
            Expect.Sequence(
                [60, 60],
                [.. (await store.ReadModels.LoadAsync("m", ["a", "b"])).Select(d => (int)(d?[0] ?? 0))],
                "the documents in the end");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Concurrency, run);

    /// <summary>Appends batches of five events, three to one stream and two to another, while a reader reads repeatedly.</summary>
    private static async Task WhileAppendingBatchesAsync(StoreUnderTest store, Func<Task> look)
    {
        var done = Race.RunAsync(3, async n =>
        {
            for (var i = 0; i < 15; i++)
            {
                NewEvent[] batch = [.. Enumerable.Range(0, 5).Select(_ => store.Event(metadata: $"batch {n} {i}"))];
                await store.AppendAsync(Request(Write("a", ExpectedVersion.Any, batch[..3]), Write("b", ExpectedVersion.Any, batch[3..])));
            }
        });
        while (!done.IsCompleted)
        {
            await look();
            await Task.Yield();
        }

        await done;
        await look();
        await WholeLog.ExpectWholeLogAsync(store, 3 * 15 * 5);
    }

    private static async Task<List<SeenEvent>> ReadPageAsync(StoreUnderTest store, LogRead read)
    {
        using var page = await store.Storage.ReadLogAsync(read);
        var seen = new List<SeenEvent>();
        foreach (ref readonly var e in page.Events) seen.Add(SeenEvent.Of(e));
        return seen;
    }

    private static Task<List<long>> TailAsync(StoreUnderTest store, long upTo, EventQuery filter) => Task.Run(async () =>
    {
        var positions = new List<long>();
        var read = new LogRead { Filter = filter };
        while (read.After < upTo)
        {
            store.CancellationToken.ThrowIfCancellationRequested(); // a storage that answers at once may not look at it
            await store.Storage.WaitForEventsAsync(read.After, store.CancellationToken);
            using var page = await store.Storage.ReadLogAsync(read, store.CancellationToken);
            foreach (ref readonly var e in page.Events) positions.Add(e.Position);
            read = read with { After = page.Next };
        }

        return positions;
    });
}
