using static EventSourcing.Testing.AppendedReadModels;
using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>
/// Read models that change with the events, within the append. For commits that it refuses, see <see cref="RefusedCommitCases"/>.
/// </summary>
internal static class AppendedReadModelCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Append_with_read_models_writes_events_and_documents", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.NoStream, store.Events(2))) with
            {
                ReadModels = (_, _) => Changing(Put("people", "ann", "Anna"), Delete("people", "bob"), Book("k", "1", 7)),
            };
            ExpectResult(await store.AppendAsync(request), 1, 2, false, new AppendedStream("a", 1, 2));
            await ExpectAsync(store, "people", ("ann", "Anna"), ("bob", null));
            Expect.Equal(
                1,
                await store.ReadModels.CountAsync("books", [Where("Pages", FieldComparison.Equal, new FieldValue(7L))]),
                "the number of documents with the new value");
            Expect.Equal(2, (await store.LogAsync()).Count, "the number of events");
        }),
        Case("Append_with_read_models_that_change_nothing_writes_the_events", async store =>
        {
            var before = await StateAsync(store);
            await AppendAsync(store, (_, _) => Changing(), Write("a", ExpectedVersion.Any, store.Event()));
            Expect.Sequence(before, await StateAsync(store), "what can be seen of the read models");
            Expect.Equal(1, await store.HeadAsync(), "the head");
        }),
        Case("Append_with_read_models_drops_creates_and_aliases_too", async store =>
        {
            await AppendAsync(
                store,
                (_, _) => ValueTask.FromResult(new ReadModelCommit
                {
                    Guards = [Guard("people", "ann", "Ann")],
                    Drops = ["people"],
                    Creates = [Define("new", ("Colour", FieldKind.Text))],
                    Aliases = [new ReadModelAlias("current", "new")],
                    Changes = [Put("new", "k", "1", new FieldValue("red"))],
                }),
                Write("a", ExpectedVersion.Any, store.Event()));
            await ExpectAllAsync(store, "current", "k");
            await ExpectAllAsync(store, "people");
        }),
        Case("Append_with_read_models_asks_for_them_once", async store =>
        {
            for (var n = 1; n <= 5; n++)
            {
                var asked = 0;
                await AppendAsync(store, (_, _) => Changing(Put("people", "k", $"{++asked}")), Write("a", n - 1, store.Event()));
                Expect.Equal(1, asked, "how often the read models were asked for");
            }
        }),
        Case("Append_with_read_models_that_take_their_time_within_the_transaction_writes_both", async store =>
        {
            await AppendAsync(
                store,
                async (transaction, token) =>
                {
                    for (var n = 0; n < 50; n++)
                    {
                        _ = await transaction.LoadAsync("people", ["ann"], token);
                        using var page = await transaction.ReadLogAsync(new LogRead { Limit = 1 }, token);
                    }

                    return new ReadModelCommit { Changes = [Put("people", "k", "1")] };
                },
                Write("a", ExpectedVersion.Any, store.Event()));
            await ExpectAsync(store, "people", ("k", "1"));
        }),
        Case("Append_again_with_read_models_does_not_ask_for_them_and_changes_nothing", async store =>
        {
            var asked = 0;
            var request = Request(Write("a", ExpectedVersion.NoStream, store.Events(2))) with
            {
                ReadModels = (transaction, token) =>
                {
                    asked++;
                    return CountEvents(transaction, token);
                },
            };
            await store.AppendAsync(request);
            await CommitAsync(store, Put("people", "ann", "Anna"));
            var before = await StateAsync(store);
            for (var n = 0; n < 3; n++) ExpectResult(await store.AppendAsync(request), 1, 2, true, new AppendedStream("a", 1, 2));
            Expect.Equal(1, asked, "how often the read models were asked for");
            Expect.Sequence(before, await StateAsync(store), "what can be seen of the read models");
        }),
        Case("Append_again_with_read_models_what_was_appended_without_does_not_ask_for_them", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.NoStream, store.Events(2)));
            await store.AppendAsync(request);
            ExpectResult(
                await store.AppendAsync(request with { ReadModels = (_, _) => throw new Refusal() }),
                1,
                2,
                true,
                new AppendedStream("a", 1, 2));
        }),
        Case("Read_documents_and_events_while_they_are_appended_together_sees_neither_without_the_other", async store =>
        {
            var done = Task.Run(async () =>
            {
                for (var n = 1; n <= 60; n++) await AppendAsync(store, CountEvents, Write("a", ExpectedVersion.Any, store.Event()));
            });
            while (!done.IsCompleted)
            {
                var head = await store.HeadAsync();
                var count = await CountedAsync(store);
                Expect.True(
                    count >= head, $"documents are not behind the events that can be read (the count is {count}, the head was {head})");
                Expect.True(
                    await store.HeadAsync() >= count, $"events are not behind the documents that can be read (the count was {count})");
                await Task.Yield();
            }

            await done;
        }),
    ];
}
