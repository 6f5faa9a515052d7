using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>A caller that cancels before the commit starts leaves nothing behind.</summary>
internal static class CancellationCases
{
    private static readonly CancellationToken Cancelled = new(canceled: true);

    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Append_already_cancelled_writes_nothing", async store =>
            await store.RefusesAsync<OperationCanceledException>(Request(Write("a", ExpectedVersion.Any, store.Event())), Cancelled)),
        Case("Append_to_several_streams_already_cancelled_writes_nothing", async store =>
            await store.RefusesAsync<OperationCanceledException>(
                Request(Write("a", 1, store.Event()), Write("b", ExpectedVersion.NoStream, store.Event())), Cancelled)),
        Case("Append_again_after_a_cancelled_try_stores_the_events_as_new", async store =>
        {
            var request = Request(Write("a", 1, store.Event()));
            await store.RefusesAsync<OperationCanceledException>(request, Cancelled);
            ExpectResult(await store.AppendAsync(request), 2, 2, false, new AppendedStream("a", 2, 2));
        }),
        Case("Append_a_bad_argument_already_cancelled_writes_nothing", async store =>
            await store.RefusesAsync<Exception>(Request(Write("a", ExpectedVersion.Any, default(NewEvent))), Cancelled)),
        Case("Read_a_stream_already_cancelled_is_cancelled", async store =>
            await Expect.ThrowsAsync<OperationCanceledException>(
                async () => (await store.Storage.ReadStreamAsync(new StreamRead("a"), Cancelled)).Dispose(), "the read")),
        Case("Read_the_log_already_cancelled_is_cancelled", async store =>
            await Expect.ThrowsAsync<OperationCanceledException>(
                async () => (await store.Storage.ReadLogAsync(new LogRead(), Cancelled)).Dispose(), "the read")),
        Case("Wait_already_cancelled_for_events_to_come_is_cancelled", async store =>
            await Expect.ThrowsAsync<OperationCanceledException>(
                async () => await store.Storage.WaitForEventsAsync(1, Cancelled), "the wait")),
        Case("Commit_a_read_model_already_cancelled_writes_nothing", async store =>
        {
            await Documents.SeedAsync(store);
            var commit = new ReadModelCommit
            {
                Creates = [Documents.Define("new")],
                Changes = [Documents.Put("new", "k", "1"), Documents.Delete("people", "ann")],
            };
            await Documents.RefusesAsync<OperationCanceledException>(store, commit, Cancelled);
            await store.ReadModels.CommitAsync(commit);
            await Documents.ExpectAsync(store, "new", ("k", "1"));
        }),
        Case("Append_with_read_models_already_cancelled_writes_nothing_and_does_not_ask_for_them", async store =>
        {
            await Documents.SeedAsync(store);
            var isAsked = false;
            var request = Request(Write("a", ExpectedVersion.Any, store.Event())) with
            {
                ReadModels = (_, _) =>
                {
                    isAsked = true;
                    return ValueTask.FromResult(new ReadModelCommit { Changes = [Documents.Put("people", "k", "1")] });
                },
            };
            await Documents.RefusesAsync<OperationCanceledException>(store, async () =>
                await store.Storage.AppendAsync(request, Cancelled));
            Expect.True(!isAsked, "a cancelled append does not ask for its read models");
        }),
        Case("Load_documents_already_cancelled_is_cancelled", async store =>
            await Expect.ThrowsAsync<OperationCanceledException>(
                async () => await store.ReadModels.LoadAsync("m", ["k"], Cancelled), "the load")),
        Case("Query_documents_already_cancelled_is_cancelled", async store =>
            await Expect.ThrowsAsync<OperationCanceledException>(
                async () => await store.ReadModels.QueryAsync("m", new DocumentQuery(), Cancelled), "the query")),
        Case("Count_documents_already_cancelled_is_cancelled", async store =>
            await Expect.ThrowsAsync<OperationCanceledException>(
                async () => await store.ReadModels.CountAsync("m", [], Cancelled), "the count")),
        Case("Append_cancelled_at_any_moment_is_stored_whole_or_not_at_all_as_it_says", async store =>
        {
            var random = new Random(3);
            var stored = new HashSet<Guid>();
            var left = new HashSet<Guid>();
            for (var round = 0; round < 20; round++)
            {
                using var cancel = new CancellationTokenSource();
                var requests = Enumerable.Range(0, 8).Select(n => Request(Write($"s{n}", ExpectedVersion.Any, store.Events(3)))).ToArray();
                var appends = requests.Select(request =>
                    Task.Run(async () => await store.Storage.AppendAsync(request, cancel.Token), CancellationToken.None)).ToArray();
                if (random.Next(2) == 0) await Task.Yield();
                await cancel.CancelAsync();
                for (var n = 0; n < appends.Length; n++)
                {
                    var ids = requests[n].Writes[0].Events.Select(e => e.Id);
                    try
                    {
                        await appends[n];
                        stored.UnionWith(ids);
                    }
                    catch (OperationCanceledException)
                    {
                        left.UnionWith(ids);
                    }
                }
            }

            var log = (await store.LogAsync()).Select(e => e.Id).Skip(1).ToHashSet();
            Expect.True(stored.IsSubsetOf(log), "every append that returned a result is stored");
            Expect.True(!left.Overlaps(log), "no append that was cancelled is stored");
            Expect.Equal(stored.Count, log.Count, "the number of events stored");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) =>
        new(title, ConformanceRule.Concurrency, async store =>
        {
            await store.AppendAsync("a", store.Event());
            await run(store);
        });
}
