using System.Text;

namespace EventSourcing.Testing;

/// <summary>Documents: written, replaced, deleted, loaded by key and listed in order.</summary>
internal static class DocumentCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Load_a_document_that_was_never_written_finds_none", async store =>
        {
            await ExpectAsync(store, ("k", null));
            await CommitAsync(store, 0, ("other", "1"));
            await ExpectAsync(store, ("k", null));
        }),
        Case("Load_a_document_finds_what_was_committed", async store =>
        {
            await CommitAsync(store, 0, ("k", "one"));
            await ExpectAsync(store, ("k", "one"));
        }),
        Case("Load_several_documents_returns_them_in_the_order_of_the_keys", async store =>
        {
            await CommitAsync(store, 0, ("a", "1"), ("b", "2"), ("c", "3"));
            await ExpectAsync(store, ("c", "3"), ("missing", null), ("a", "1"), ("b", "2"));
        }),
        Case("Load_one_key_twice_returns_its_document_twice", async store =>
        {
            await CommitAsync(store, 0, ("a", "1"));
            await ExpectAsync(store, ("a", "1"), ("none", null), ("a", "1"));
        }),
        Case("Load_no_keys_returns_nothing", async store =>
        {
            await CommitAsync(store, 0, ("a", "1"));
            Expect.Equal(0, (await store.ReadModels.LoadAsync("p", [])).Count, "the number of documents");
        }),
        Case("Load_1000_keys_returns_each_document", async store =>
        {
            var documents = Enumerable.Range(0, 1000).Select(n => ($"k{n}", (string?)$"{n}")).ToArray();
            await CommitAsync(store, 0, documents);
            await ExpectAsync(store, [.. documents.Reverse()]);
        }),
        Case("Commit_over_a_document_replaces_it", async store =>
        {
            await CommitAsync(store, 0, ("k", "a long first version"), ("other", "1"));
            await CommitAsync(store, 1, ("k", "2"));
            await ExpectAsync(store, ("k", "2"), ("other", "1"));
        }),
        Case("Commit_a_deletion_removes_the_document", async store =>
        {
            await CommitAsync(store, 0, ("k", "1"), ("other", "1"));
            await CommitAsync(store, 1, ("k", null));
            await ExpectAsync(store, ("k", null), ("other", "1"));
            await ExpectListAsync(store, null, 10, "other");
        }),
        Case("Commit_a_deletion_of_what_is_not_there_changes_nothing_else", async store =>
        {
            await CommitAsync(store, 0, ("never", null), ("other", "1"));
            await ExpectAsync(store, ("never", null), ("other", "1"));
        }),
        Case("Commit_a_document_after_its_deletion_brings_it_back", async store =>
        {
            await CommitAsync(store, 0, ("k", "1"));
            await CommitAsync(store, 1, ("k", null));
            await CommitAsync(store, 2, ("k", "3"));
            await ExpectAsync(store, ("k", "3"));
            await ExpectListAsync(store, null, 10, "k");
        }),
        Case("Commit_writes_and_deletions_at_once_does_both", async store =>
        {
            await CommitAsync(store, 0, ("a", "1"), ("b", "1"), ("c", "1"));
            await CommitAsync(store, 1, ("a", null), ("b", "2"), ("d", "2"));
            await ExpectAsync(store, ("a", null), ("b", "2"), ("c", "1"), ("d", "2"));
        }),
        Case("Commit_an_empty_document_is_not_a_deletion", async store =>
        {
            await CommitAsync(store, 0, ("k", ""));
            await ExpectAsync(store, ("k", ""));
            await ExpectListAsync(store, null, 10, "k");
        }),
        Case("Commit_a_document_of_every_byte_value_is_read_back_alike", async store =>
        {
            var bytes = Enumerable.Range(0, 256).Select(b => (byte)b).ToArray();
            await store.ReadModels.CommitAsync(new ReadModelCommit("p", 0, 1, [new DocumentChange("k", bytes)]));
            Expect.Sequence(bytes, (await store.ReadModels.LoadAsync("p", ["k"]))[0] ?? [], "the document");
        }),
        Case("Commit_a_document_of_2_MiB_is_read_back_alike", async store =>
        {
            var text = new string('d', 2 * 1024 * 1024);
            await CommitAsync(store, 0, ("k", text));
            await ExpectAsync(store, ("k", text));
        }),
        Case("Commit_documents_of_two_projections_keeps_them_apart", async store =>
        {
            await CommitAsync(store, 0, ("k", "of p"));
            await store.ReadModels.CommitAsync(new ReadModelCommit("q", 0, 7, [new DocumentChange("k", "of q"u8.ToArray())]));
            await ExpectAsync(store, ("k", "of p"));
            await store.ReadModels.CommitAsync(new ReadModelCommit("q", 7, 8, [new DocumentChange("k", null)]));
            await ExpectAsync(store, ("k", "of p"));
            await ExpectListAsync(store, null, 10, "k");
            Expect.Equal(1, await store.ReadModels.GetCheckpointAsync("p"), "the checkpoint of the one projection");
            Expect.Equal(8, await store.ReadModels.GetCheckpointAsync("q"), "the checkpoint of the other projection");
        }),
        Case("Commit_documents_leaves_log_and_streams_alone", async store =>
        {
            await store.AppendAsync("k", store.Event());
            await CommitAsync(store, 0, ("k", "1"));
            await CommitAsync(store, 1, ("k", null));
            Expect.Equal(1, await store.HeadAsync(), "the head");
            StoreUnderTest.ExpectResult(await store.AppendAsync("k", 1, store.Event()), 2, 2, false, new AppendedStream("k", 2, 2));
        }),
        Case("Commit_keys_with_control_characters_keeps_them", async store =>
        {
            await CommitAsync(store, 0, ("a\nb", "1"), ("a\u001Fb", "2"), ("a\tb", "3"));
            await ExpectAsync(store, ("a\u001Fb", "2"), ("a\nb", "1"), ("a\tb", "3"));
        }),
        Case("List_a_projection_that_never_ran_is_empty", async store => await ExpectListAsync(store, null, 10)),
        Case("List_documents_returns_them_by_key_whatever_the_order_of_writing", async store =>
        {
            await CommitAsync(store, 0, ("m", "1"), ("z", "1"));
            await CommitAsync(store, 1, ("a", "2"), ("n", "2"));
            await ExpectListAsync(store, null, 10, "a", "m", "n", "z");
        }),
        Case("List_documents_returns_their_bytes", async store =>
        {
            await CommitAsync(store, 0, ("a", "1"), ("b", ""), ("c", "333"));
            var listed = await store.ReadModels.ListAsync("p", null, 10);
            Expect.Sequence(["1", "", "333"], [.. listed.Select(d => Encoding.UTF8.GetString(d.Data.Span))], "the documents listed");
        }),
        Case("List_documents_orders_keys_by_code_point", async store =>
        {
            string[] keys = ["", " ", "!", "0", "10", "9", "A", "Z", "a", "aa", "ab", "b", "e\u0301", "~", "\u00DF", "\u00E9", "\u4E2D", "\uD7FF", "\uE000", "\uFFFD", "\uFFFF", "\U00010000", "\U0001F600", "\U0001F600a", "\U0010FFFF"];
            keys = keys[1..];
            await CommitAsync(store, 0, [.. keys.Reverse().Select(k => (k, (string?)"1"))]);
            await ExpectListAsync(store, null, 100, keys);
            for (var i = 0; i < keys.Length; i++) await ExpectListAsync(store, keys[i], 100, keys[(i + 1)..]);
        }),
        Case("List_documents_after_a_key_that_is_not_there_begins_behind_its_place", async store =>
        {
            await CommitAsync(store, 0, ("a", "1"), ("c", "1"), ("e", "1"));
            await ExpectListAsync(store, "b", 10, "c", "e");
            await ExpectListAsync(store, "A", 10, "a", "c", "e");
            await ExpectListAsync(store, "cc", 10, "e");
        }),
        Case("List_documents_after_the_last_key_is_empty", async store =>
        {
            await CommitAsync(store, 0, ("a", "1"), ("c", "1"));
            await ExpectListAsync(store, "c", 10);
            await ExpectListAsync(store, "d", 10);
        }),
        Case("List_documents_by_a_limit_returns_the_first_ones", async store =>
        {
            await CommitAsync(store, 0, ("a", "1"), ("b", "1"), ("c", "1"));
            await ExpectListAsync(store, null, 1, "a");
            await ExpectListAsync(store, null, 2, "a", "b");
            await ExpectListAsync(store, null, 3, "a", "b", "c");
            await ExpectListAsync(store, "a", 1, "b");
        }),
        Case("List_300_documents_in_pages_returns_each_once", async store =>
        {
            var keys = Enumerable.Range(0, 300).Select(n => $"{n * 7919 % 1000:000}").Order(StringComparer.Ordinal).ToArray();
            await CommitAsync(store, 0, [.. keys.Select(k => (k, (string?)k))]);
            foreach (var limit in new[] { 1, 7, 100, 300, 301 })
            {
                var listed = new List<string>();
                while (true)
                {
                    var page = await store.ReadModels.ListAsync("p", listed.LastOrDefault(), limit);
                    listed.AddRange(page.Select(d => d.Key));
                    if (page.Count < limit) break;
                    Expect.Equal(limit, page.Count, "the number of documents in a page");
                }

                Expect.Sequence(keys, listed, $"the keys in pages of {limit}");
            }
        }),
        Case("List_documents_after_one_was_added_and_one_deleted_sees_both", async store =>
        {
            await CommitAsync(store, 0, ("a", "1"), ("b", "1"));
            await ExpectListAsync(store, null, 10, "a", "b");
            await CommitAsync(store, 1, ("b", null), ("c", "2"));
            await ExpectListAsync(store, null, 10, "a", "c");
        }),
        Case("Load_a_key_that_cannot_be_one_is_a_bad_argument", async store =>
        {
            await CommitAsync(store, 0, ("\uFFFD", "1"));
            foreach (var key in new[] { "\uD800", "", "a\0" })
                await Expect.ThrowsAsync<ArgumentException>(async () => await store.ReadModels.LoadAsync("p", [key]), "the load");
        }),
        Case("List_documents_by_a_limit_of_0_is_a_bad_argument", async store =>
            await Expect.ThrowsAsync<ArgumentException>(async () => await store.ReadModels.ListAsync("p", null, 0), "the list")),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.ReadModels, run);

    internal static async Task CommitAsync(StoreUnderTest store, long expected, params (string Key, string? Text)[] documents)
    {
        var changes = documents.Select(d => new DocumentChange(d.Key, d.Text is null ? null : (ReadOnlyMemory<byte>?)Encoding.UTF8.GetBytes(d.Text))).ToList();
        await store.ReadModels.CommitAsync(new ReadModelCommit("p", expected, expected + 1, changes));
        Expect.Equal(expected + 1, await store.ReadModels.GetCheckpointAsync("p"), "the checkpoint after the commit");
    }

    internal static async Task ExpectAsync(StoreUnderTest store, params (string Key, string? Text)[] expected)
    {
        var documents = await store.ReadModels.LoadAsync("p", [.. expected.Select(d => d.Key)]);
        Expect.Sequence([.. expected.Select(d => d.Text)], [.. documents.Select(d => d is null ? null : Encoding.UTF8.GetString(d))], $"the documents under {string.Join(", ", expected.Take(10).Select(d => d.Key))}");
    }

    private static async Task ExpectListAsync(StoreUnderTest store, string? after, int limit, params string[] keys)
    {
        var listed = await store.ReadModels.ListAsync("p", after, limit);
        Expect.Sequence(keys, [.. listed.Select(d => d.Key)], $"the keys listed after {(after is null ? "nothing" : $"'{after}'")}, at most {limit}");
    }
}
