using static EventSourcing.Testing.Documents;

namespace EventSourcing.Testing;

/// <summary>Documents under their keys: written, replaced, deleted and loaded.</summary>
internal static class DocumentLoadCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Load_from_a_read_model_that_was_never_created_finds_none", async store =>
        {
            await ExpectAsync(store, "missing", ("ann", null), ("k", null));
            await ExpectAllAsync(store, "missing");
            await ExpectAsync(store, "people", ("ann", "Ann"));
        }),
        Case("Load_a_document_that_was_never_written_finds_none", async store =>
            await ExpectAsync(store, "people", ("carl", null), ("ann", "Ann"))),
        Case("Load_several_documents_returns_them_in_the_order_of_the_keys", async store =>
        {
            await CommitAsync(store, Put("people", "a", "1"), Put("people", "b", "2"), Put("people", "c", "3"));
            await ExpectAsync(store, "people", ("c", "3"), ("missing", null), ("a", "1"), ("b", "2"));
        }),
        Case("Load_one_key_twice_returns_its_document_twice", async store =>
            await ExpectAsync(store, "people", ("ann", "Ann"), ("none", null), ("ann", "Ann"))),
        Case("Load_no_keys_returns_nothing", async store =>
        {
            Expect.Equal(0, (await store.ReadModels.LoadAsync("people", [])).Count, "the number of documents");
            await ExpectAllAsync(store, "people", "ann", "bob");
        }),
        Case("Load_1000_keys_returns_each_document", async store =>
        {
            var documents = Enumerable.Range(0, 1000).Select(n => ($"k{n}", (string?)$"{n}")).ToList();
            await CommitAsync(store, [.. documents.Select(d => Put("people", d.Item1, d.Item2!))]);
            documents.Reverse();
            await ExpectAsync(store, "people", documents);
        }),
        Case("Load_by_an_alias_finds_the_documents_of_its_read_model", async store =>
            await ExpectAsync(store, "current", ("ulysses", "Ulysses"), ("ann", null))),
        Case("Load_a_key_that_cannot_be_one_is_a_bad_argument", async store =>
        {
            await CommitAsync(store, Put("people", "\uFFFD", "1"));
            foreach (var key in new[] { "\uD800", "", "a\0", null! })
                await RefusesAsync<ArgumentException>(store, async () => await store.ReadModels.LoadAsync("people", ["ann", key]));
        }),
        Case("Load_without_a_list_of_keys_is_a_bad_argument", async store =>
            await RefusesAsync<ArgumentException>(store, async () => await store.ReadModels.LoadAsync("people", null!))),
        Case("Commit_over_a_document_replaces_it", async store =>
        {
            await CommitAsync(store, Put("people", "ann", "a much longer second version"));
            await CommitAsync(store, Put("people", "ann", "3"));
            await ExpectAsync(store, "people", ("ann", "3"), ("bob", "Bob"));
            await ExpectAllAsync(store, "people", "ann", "bob");
        }),
        Case("Commit_a_deletion_removes_the_document", async store =>
        {
            await CommitAsync(store, Delete("people", "ann"));
            await ExpectAsync(store, "people", ("ann", null), ("bob", "Bob"));
            await ExpectAllAsync(store, "people", "bob");
        }),
        Case("Commit_a_deletion_of_what_is_not_there_changes_nothing_else", async store =>
        {
            await CommitAsync(store, Delete("people", "never"));
            await ExpectAllAsync(store, "people", "ann", "bob");
        }),
        Case("Commit_a_document_after_its_deletion_brings_it_back", async store =>
        {
            await CommitAsync(store, Delete("people", "ann"));
            await CommitAsync(store, Put("people", "ann", "back"));
            await ExpectAsync(store, "people", ("ann", "back"));
            await ExpectAllAsync(store, "people", "ann", "bob");
        }),
        Case("Commit_writes_and_deletions_at_once_does_both", async store =>
        {
            await CommitAsync(store, Delete("people", "ann"), Put("people", "bob", "2"), Put("people", "carl", "2"));
            await ExpectAsync(store, "people", ("ann", null), ("bob", "2"), ("carl", "2"));
        }),
        Case("Commit_an_empty_document_is_not_a_deletion", async store =>
        {
            await CommitAsync(store, Put("people", "ann", ""), Put("people", "new", ""));
            await ExpectAsync(store, "people", ("ann", ""), ("new", ""));
            await ExpectAllAsync(store, "people", "ann", "bob", "new");
        }),
        Case("Commit_a_document_of_every_byte_value_is_read_back_alike", async store =>
        {
            var bytes = Enumerable.Range(0, 256).Select(b => (byte)b).ToArray();
            await CommitAsync(store, new DocumentChange("people", "k", bytes));
            Expect.Sequence(bytes, (await store.ReadModels.LoadAsync("people", ["k"]))[0] ?? [], "the document loaded");
            Expect.Sequence(bytes, (await QueryAsync(store, "people", new DocumentQuery()))[^1].Data.ToArray(), "the document found");
        }),
        Case("Commit_a_document_of_2_MiB_is_read_back_alike", async store =>
        {
            var text = new string('d', 2 * 1024 * 1024);
            await CommitAsync(store, Book("k", text, 1));
            await ExpectAsync(store, "books", ("k", text), ("ulysses", "Ulysses"));
            await store.ReadModels.CommitAsync(
                new ReadModelCommit { Guards = [Guard("books", "k", text)], Changes = [Book("k", "small", 1)] });
            await ExpectAsync(store, "books", ("k", "small"));
        }),
        Case("Commit_20_documents_of_100_KiB_at_once_are_read_back_alike", async store =>
        {
            var documents = Enumerable.Range(0, 20).Select(n => ($"k{n:00}", new string((char)('a' + n), 100 * 1024))).ToList();
            await CommitAsync(store, [.. documents.Select(d => Put("people", d.Item1, d.Item2))]);
            var found = await QueryAsync(store, "people", new DocumentQuery { After = new DocumentCursor(default, "bob") });
            Expect.Sequence(documents, [.. found.Select(d => (d.Key, SeenEvent.Text(d.Data.Span)))], "the documents found");
        }),
        Case("Commit_documents_of_two_read_models_keeps_them_apart", async store =>
        {
            await CommitAsync(store, Put("people", "k", "of people"), Book("k", "of books"));
            await ExpectAsync(store, "people", ("k", "of people"));
            await ExpectAsync(store, "books", ("k", "of books"));
            await CommitAsync(store, Delete("books", "k"));
            await ExpectAsync(store, "people", ("k", "of people"));
            await ExpectAllAsync(store, "books", "emma", "ulysses");
        }),
        Case("Commit_documents_leaves_log_and_streams_alone", async store =>
        {
            await store.AppendAsync("ann", store.Event());
            await CommitAsync(store, Put("people", "ann", "1"), Delete("people", "bob"));
            Expect.Equal(1, await store.HeadAsync(), "the head");
            StoreUnderTest.ExpectResult(await store.AppendAsync("ann", 1, store.Event()), 2, 2, false, new AppendedStream("ann", 2, 2));
        }),
        Case("Commit_keys_with_control_characters_keeps_them", async store =>
        {
            await CommitAsync(store, Put("people", "a\nb", "1"), Put("people", "a\u001Fb", "2"), Put("people", "a\tb", "3"));
            await ExpectAsync(store, "people", ("a\u001Fb", "2"), ("a\nb", "1"), ("a\tb", "3"), ("ab", null));
        }),
        Case("Commit_keys_that_look_alike_to_a_collation_keeps_them_apart", async store =>
        {
            string[] keys = ["co-op", "coop", "Coop", "coop ", "caf\u00E9", "cafe\u0301", "1", "01", "1.0", "%", "_"];
            await CommitAsync(store, [.. keys.Select((key, i) => Put("people", key, $"{i}"))]);
            await ExpectAsync(store, "people", [.. keys.Select((key, i) => (key, (string?)$"{i}"))]);
        }),
        .. new (string Name, Func<IReadModelStorage, Task> Use)[]
        {
            ("Load", async models => await models.LoadAsync("people", ["ann"])),
            ("Query", async models => await models.QueryAsync("people", new DocumentQuery())),
            ("Count", async models => await models.CountAsync("people", [])),
            ("Commit", async models => await models.CommitAsync(new ReadModelCommit { Changes = [Delete("people", "ann")] })),
        }.Select(row => Case($"{row.Name}_after_the_storage_was_disposed_is_refused", async store =>
        {
            var models = store.ReadModels;
            await store.Storage.DisposeAsync();
            await Expect.ThrowsAsync<ObjectDisposedException>(() => row.Use(models), "what comes too late");
        })),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) =>
        new(title, ConformanceRule.ReadModels, async store =>
        {
            await SeedAsync(store);
            await run(store);
        });
}
