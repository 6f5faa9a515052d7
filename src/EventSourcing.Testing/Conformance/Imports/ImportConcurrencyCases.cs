using static EventSourcing.Testing.ImportedLogs;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Imports beside reads, waits and other writes, and the memory of their callers.</summary>
internal static class ImportConcurrencyCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Import_keeps_nothing_of_the_callers_memory", async store =>
        {
            var events = await EventsOfAsync(store, await FilledAsync(store));
            var memory = events.Select(
                e => (Data: e.Data.ToArray(), Metadata: e.Metadata.ToArray(), Seal: e.Seal.ToArray(), Tags: e.Tags.ToList())).ToList();
            await ImportAsync(store, [.. events.Select((e, i) =>
                e with { Data = memory[i].Data, Metadata = memory[i].Metadata, Seal = memory[i].Seal, Tags = memory[i].Tags })]);
            foreach (var (data, metadata, seal, tags) in memory)
            {
                data.AsSpan().Fill((byte)'!');
                metadata.AsSpan().Fill((byte)'!');
                seal.AsSpan().Fill((byte)'!');
                tags.Clear();
            }

            Expect.Sequence([.. events.Select(e => SeenEvent.Of(e))], await store.LogAsync(), "the log");
            await LedgerChecks.ExpectTreeAsync(store);
        }),
        Case("Import_wakes_those_who_wait", async store =>
        {
            var waits = Enumerable.Range(0, 3).Select(_ => store.Storage.WaitForEventsAsync(0, store.CancellationToken).AsTask()).ToList();
            store.WaitingFor = "an import to wake a wait";
            await ImportAsync(store, [Foreign(store, "a", 0), Foreign(store, "a", 0)]);
            foreach (var wait in waits) Expect.Equal(2, await wait, "the head that a wait returns");
        }),
        Case("Import_already_cancelled_writes_nothing", async store =>
        {
            var request = new ImportRequest([Foreign(store, "a", 0)]);
            await store.RefusesAsync<OperationCanceledException>(
                async () => await store.Storage.ImportAsync(request, new CancellationToken(canceled: true)), "a");
            Expect.Equal(1, await ImportAsync(store, request.Events), "the position of the same import afterwards");
        }),
        Case("Import_after_the_storage_was_disposed_is_refused", async store =>
        {
            await store.Storage.DisposeAsync();
            await Expect.ThrowsAsync<ObjectDisposedException>(async () => await ImportAsync(store, [Foreign(store, "a", 0)]), "the import");
        }),
        Case("Import_without_a_request_is_refused", async store =>
            await store.RefusesAsync<ArgumentNullException>(async () => await store.Storage.ImportAsync(null!, store.CancellationToken))),
        Case("Race_of_8_importing_one_log_lets_exactly_one_win_each_part", async store =>
        {
            var source = await FilledAsync(store);
            var parts = (await EventsOfAsync(store, source)).Chunk(60).ToList();
            var (won, lost) = (0, 0);
            await Race.RunAsync(8, async _ =>
            {
                for (var head = 0L; head < parts.Sum(part => part.Length); head = await store.HeadAsync())
                {
                    if (head % 60 != 0) continue;
                    try
                    {
                        await ImportAsync(store, parts[(int)head / 60]);
                        Interlocked.Increment(ref won);
                    }
                    catch (ImportRefusedException refusal) when (refusal.Flaw == ImportFlaw.PositionGap)
                    {
                        Interlocked.Increment(ref lost);
                    }
                }
            });
            Expect.Equal(parts.Count, won, $"the number of imports that were not refused, beside {lost} that were");
            await ExpectSameAsync(store, source);
        }),
        Case("Race_of_imports_and_appends_stores_each_whole", async store =>
        {
            await Race.RunAsync(6, async n =>
            {
                for (var i = 0; i < 10; i++)
                {
                    if (n % 2 == 0) await store.AppendAsync(Request(Write($"s{n}", ExpectedVersion.Any, store.Events(3))));
                    else
                        await ImportAsync(
                            store,
                            [.. Enumerable.Range(0, 3).Select(_ => Foreign(store, $"s{n}", 0) with { RecordedAt = ManualClock.Start })]);
                }
            });
            var log = await store.LogAsync();
            Expect.Equal(180, log.Count, "the number of events");
            foreach (var batch in log.Chunk(3))
                Expect.Equal(
                    1, batch.Select(e => e.Stream).Distinct().Count(), $"the number of streams from position {batch[0].Position} on");
            await LedgerChecks.ExpectTreeAsync(store);
        }),
        Case("Read_the_log_while_batches_are_imported_sees_each_whole_or_not_at_all", async store =>
        {
            var done = Race.RunAsync(2, async n =>
            {
                for (var i = 0; i < 20; i++)
                    await ImportAsync(
                        store,
                        [.. Enumerable.Range(0, 10).Select(_ => Foreign(store, $"s{n}", 0) with { RecordedAt = ManualClock.Start })]);
            });
            while (!done.IsCompleted)
            {
                Expect.Equal(0, await store.HeadAsync() % 10, "the events of a batch of 10 that are seen without the rest");
                await Task.Yield();
            }

            await done;
            Expect.Equal(400, await store.HeadAsync(), "the head once all are imported");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Import, run);
}
