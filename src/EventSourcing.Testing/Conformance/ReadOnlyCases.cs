using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>
/// A storage opened read-only reads what another writes, and refuses every write before anything happens. If a storage cannot be
/// opened read-only, a case only checks that it does not say that it was.
/// </summary>
internal static class ReadOnlyCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Open_read_only_says_so", (store, reading) =>
        {
            Expect.True(reading.IsReadOnly, "a storage opened read-only says so");
            Expect.True(!store.Storage.IsReadOnly, "a storage that may write does not say that it is read-only");
            return Task.CompletedTask;
        }),
        Case("Append_read_only_is_refused", async (store, reading) =>
        {
            await RefusesAsync(store, () => reading.AppendAsync(Request(Write("a", 2, store.Event())), store.CancellationToken).AsTask());
            await RefusesAsync(store, () => reading.AppendAsync(
                Request(Write("a", ExpectedVersion.Any, store.Events(3)), Check("b", ExpectedVersion.Any)),
                store.CancellationToken).AsTask());
        }),
        Case("Append_read_only_what_is_stored_already_is_refused", async (store, reading) =>
        {
            var request = Request(Write("b", ExpectedVersion.Any, store.Event()));
            await store.AppendAsync(request);
            await RefusesAsync(store, () => reading.AppendAsync(request, store.CancellationToken).AsTask());
        }),
        Case("Append_read_only_whose_guards_fail_is_refused_as_read_only", async (store, reading) =>
        {
            await RefusesAsync(store, () => reading.AppendAsync(Request(Write("a", 7, store.Event())), store.CancellationToken).AsTask());
            var conditional =
                Request(Write("b", ExpectedVersion.Any, store.Event())) with { Conditions = [new AppendCondition(EventQuery.All, 0)] };
            await RefusesAsync(store, () => reading.AppendAsync(conditional, store.CancellationToken).AsTask());
        }),
        Case("Append_read_only_does_not_ask_for_its_read_models", async (store, reading) =>
        {
            var isAsked = false;
            var request = Request(Write("a", ExpectedVersion.Any, store.Event())) with
            {
                ReadModels = (_, _) =>
                {
                    isAsked = true;
                    return ValueTask.FromResult(new ReadModelCommit { Changes = [Put("people", "carl", "Carl")] });
                },
            };
            await RefusesAsync(store, () => reading.AppendAsync(request, store.CancellationToken).AsTask());
            Expect.True(!isAsked, "an append that is refused as read-only does not ask for its read models");
        }),
        Case("Append_read_only_that_erases_is_refused", async (store, reading) => await RefusesAsync(
            store,
            () => reading.AppendAsync(
                new AppendRequest([Write(PayloadsErased.StreamName, ExpectedVersion.Any, Erasures.Record(store, 1))]) { Erase = [1] },
                store.CancellationToken).AsTask())),
        Case("Import_read_only_is_refused", async (store, reading) =>
        {
            var unplaced = new StoredEvent
            {
                Position = 0,
                Stream = "a",
                Version = 0,
                Id = store.NewId(),
                Type = "t",
                RecordedAt = ManualClock.Start,
                Data = "{}"u8.ToArray(),
                Tags = [],
            };
            await RefusesAsync(store, () => reading.ImportAsync(new ImportRequest([unplaced]), store.CancellationToken).AsTask());
            var placed = unplaced with { Position = 3, Version = 3, Seal = new byte[LedgerLeaf.SaltLength] };
            await RefusesAsync(store, () => reading.ImportAsync(new ImportRequest([placed]), store.CancellationToken).AsTask());
            await RefusesAsync(store, () =>
                reading.ImportAsync(new ImportRequest([placed with { Position = 9 }]), store.CancellationToken).AsTask());
        }),
        .. from change in new (string What, ReadModelCommit Commit)[]
           {
               ("documents", new ReadModelCommit { Changes = [Put("people", "carl", "Carl"), Delete("people", "ann")] }),
               ("a_new_read_model", new ReadModelCommit { Creates = [Define("new")] }),
               ("an_alias", new ReadModelCommit { Aliases = [new ReadModelAlias("other", "people")] }),
               ("a_read_model_to_drop", new ReadModelCommit { Drops = ["people"] }),
               (
                   "a_guard_that_fails",
                   new ReadModelCommit { Guards = [Guard("people", "ann", "Anna")], Changes = [Put("people", "carl", "Carl")] }),
               ("nothing", new ReadModelCommit()),
           }
           select Case($"Commit_{change.What}_read_only_is_refused", (store, reading) =>
               RefusesAsync(store, () => reading.ReadModels.CommitAsync(change.Commit, store.CancellationToken).AsTask())),
        Case("Commit_tables_read_only_is_refused_and_runs_no_SQL", async (store, reading) =>
        {
            var hasRun = false;
            var commit = new ReadModelCommit
            {
                Tables = (_, _) =>
                {
                    hasRun = true;
                    return ValueTask.CompletedTask;
                },
            };
            if (reading.ReadModels.Tables is null)
                await Expect.ThrowsAsync<Exception>(
                    () => reading.ReadModels.CommitAsync(commit, store.CancellationToken).AsTask(), "the commit");
            else await RefusesAsync(store, () => reading.ReadModels.CommitAsync(commit, store.CancellationToken).AsTask());
            Expect.True(!hasRun, "a commit that is refused as read-only runs no SQL");
        }),
        Case("Read_read_only_sees_everything_as_another_has_written_it", async (store, reading) =>
        {
            for (var round = 0; round < 3; round++)
            {
                Expect.Sequence(await store.LogAsync(), await LogOfAsync(store, reading), "the log read read-only");
                Expect.Equal(await store.HeadAsync(), await reading.GetHeadAsync(store.CancellationToken), "the head read read-only");
                var last = (await store.LogAsync())[^1];
                Expect.Equal(
                    last.Position,
                    await reading.GetPositionAsync(last.Id, store.CancellationToken),
                    "the position of an id read read-only");
                using (var page = await reading.ReadStreamAsync(new StreamRead("a"), store.CancellationToken))
                    Expect.Sequence(
                        await store.StreamAsync("a"), [.. page.Events.ToArray().Select(e => SeenEvent.Of(e))], "a stream read read-only");
                Expect.Sequence(
                    [.. (await store.ReadModels.LoadAsync("people", ["ann", "carl"], store.CancellationToken)).Select(Text)],
                    [.. (await reading.ReadModels.LoadAsync("people", ["ann", "carl"], store.CancellationToken)).Select(Text)],
                    "the documents read read-only");
                Expect.Equal(
                    await store.ReadModels.CountAsync("current", [], store.CancellationToken),
                    await reading.ReadModels.CountAsync("current", [], store.CancellationToken),
                    "the number of documents read read-only");
                Expect.Sequence(
                    (await store.Catalog.ListStreamsAsync(new StreamListing(), store.CancellationToken)).Streams,
                    (await reading.Catalog.ListStreamsAsync(new StreamListing(), store.CancellationToken)).Streams,
                    "the streams listed read-only");
                Expect.Equal(
                    (await store.Storage.Ledger.GetFrontierAsync(store.CancellationToken)).Root(),
                    (await reading.Ledger.GetFrontierAsync(store.CancellationToken)).Root(),
                    "the root of the tree read read-only");
                await store.AppendAsync($"s{round}", store.Events(3));
                await CommitAsync(store, Put("people", "carl", $"Carl {round}"), Book($"book {round}", "A book"));
            }
        }),
        Case("Wait_read_only_is_woken_by_an_append_of_another", async (store, reading) =>
        {
            var wait = reading.WaitForEventsAsync(2, store.CancellationToken).AsTask();
            await store.AppendAsync("a", store.Event());
            store.WaitingFor = "an append to wake a wait on a storage opened read-only";
            Expect.Equal(3, await wait, "the head that the wait returns");
        }),
        Case("Dispose_read_only_leaves_the_store_to_the_others", async (store, reading) =>
        {
            await reading.DisposeAsync();
            await store.AppendAsync("a", store.Event());
            Expect.Equal(3, await store.HeadAsync(), "the head");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, IEventStorage, Task> run) =>
        new(title, ConformanceRule.ReadOnly, async store =>
        {
            Expect.True(!store.Storage.IsReadOnly, "a storage that was not opened read-only does not say so");
            await SeedAsync(store);
            await store.AppendAsync("a", store.Events(2));
            if (await store.OpenReadOnlyAsync() is { } reading) await run(store, reading);
        });

    private static async Task RefusesAsync(StoreUnderTest store, Func<Task> write)
    {
        var refusal = await Documents.RefusesAsync<StoreReadOnlyException>(store, write);
        Expect.True(refusal.Operation.Length > 0, "the refusal says what was refused");
    }

    private static async Task<List<SeenEvent>> LogOfAsync(StoreUnderTest store, IEventStorage reading)
    {
        var seen = new List<SeenEvent>();
        for (var (after, isEnd) = (0L, false); !isEnd;)
        {
            using var page = await reading.ReadLogAsync(new LogRead { After = after }, store.CancellationToken);
            foreach (ref readonly var e in page.Events) seen.Add(SeenEvent.Of(e));
            (after, isEnd) = (page.Next, page.IsEnd);
        }

        return seen;
    }
}
