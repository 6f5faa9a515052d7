using static EventSourcing.Testing.Documents;

namespace EventSourcing.Testing;

/// <summary>
/// Pages, each of which begins after the last document of the page before: together they are the whole, with each document once.
/// </summary>
internal static class DocumentPageCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        .. from order in new[] { null, "Pages", "Price", "Title" }
           from isFalling in new[] { false, true }
           from size in new[] { 1, 2, 3, 7 }
           select Case(
               $"Page_by_{size}_ordered_by_{order ?? "key"}_{(isFalling ? "descending" : "ascending")}_returns_each_document_once",
               async store =>
               {
                   foreach (var conditions in new FieldCondition[][] { [], [Where("Title", FieldComparison.Above, new FieldValue("t0"))] })
                   {
                       var query = new DocumentQuery { Conditions = conditions, OrderBy = order, Descending = isFalling, Limit = 1000 };
                       var whole = await QueryAsync(store, "books", query);
                       Expect.Equal(
                           await store.ReadModels.CountAsync("books", conditions), whole.Count, "the number of documents in the whole");
                       Expect.Sequence(
                           [.. whole.Select(d => (d.Key, d.OrderedBy))],
                           await PagesAsync(store, query with { Limit = size }),
                           $"the pages of {size}");
                   }
               }),
        .. from order in new[] { null, "Pages", "Price", "Title" }
           from isFalling in new[] { false, true }
           let how = $"ordered_by_{order ?? "key"}_{(isFalling ? "descending" : "ascending")}"
           select Case($"Page_after_a_document_deleted_meanwhile_{how}_goes_on_behind_its_place", async store =>
           {
               var query = new DocumentQuery { OrderBy = order, Descending = isFalling, Limit = 1000 };
               var whole = await QueryAsync(store, "books", query);
               for (var i = 0; i < whole.Count; i++)
               {
                   var after = new DocumentCursor(whole[i].OrderedBy, whole[i].Key);
                   await CommitAsync(store, Delete("books", whole[i].Key));
                   var rest = await QueryAsync(store, "books", query with { After = after });
                   Expect.Sequence(
                       [.. whole.Skip(i + 1).Select(d => d.Key)],
                       [.. rest.Select(d => d.Key)],
                       $"the keys after '{after.Key}', which has been deleted,");
               }
           }),
        Case("Page_after_a_key_that_was_never_there_begins_behind_its_place", async store =>
        {
            await CreateAsync(store, People);
            await CommitAsync(store, Put("people", "a", "1"), Put("people", "c", "1"), Put("people", "e", "1"));
            foreach (var (after, expected) in new (string, string[])[]
            {
                ("b", ["c", "e"]),
                ("A", ["a", "c", "e"]),
                ("cc", ["e"]),
                ("e", []),
                ("f", []),
            })
            {
                var rest = await QueryAsync(store, "people", new DocumentQuery { After = new DocumentCursor(default, after) });
                Expect.Sequence(expected, [.. rest.Select(d => d.Key)], $"the keys after '{after}'");
            }
        }),
        Case("Page_after_a_value_that_was_never_there_begins_behind_its_place", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Drops = ["books"],
                Creates = [Books],
                Changes = [Book("a", "1", 10), Book("b", "1", 20), Book("c", "1", 20), Book("d", "1")],
            });
            foreach (var (value, key, up, down) in new (long, string, string[], string[])[]
            {
                (15, "z", ["b", "c"], ["a", "d"]),
                (5, "a", ["a", "b", "c"], ["d"]),
                (20, "bb", ["c"], ["b", "a", "d"]),
                (25, "a", [], ["c", "b", "a", "d"]),
                (10, "Z", ["a", "b", "c"], ["d"]),
            })
            {
                var query = new DocumentQuery { OrderBy = "Pages", After = new DocumentCursor(new FieldValue(value), key) };
                Expect.Sequence(up, [.. (await QueryAsync(store, "books", query)).Select(d => d.Key)], $"the keys after {value}, '{key}'");
                Expect.Sequence(
                    down,
                    [.. (await QueryAsync(store, "books", query with { Descending = true })).Select(d => d.Key)],
                    $"the keys after {value}, '{key}', descending");
            }
        }),
        Case("Page_after_what_was_written_behind_sees_it_and_not_what_was_written_before", async store =>
        {
            var query = new DocumentQuery { OrderBy = "Pages", Limit = 15 };
            var first = await QueryAsync(store, "books", query);
            var last = first[^1];
            await CommitAsync(
                store,
                Book("!before", "1", last.OrderedBy.WholeNumber),
                Book("~behind", "1", last.OrderedBy.WholeNumber),
                Book("far behind", "1", long.MaxValue));
            var rest = await QueryAsync(store, "books", query with { After = new DocumentCursor(last.OrderedBy, last.Key), Limit = 1000 });
            Expect.True(
                rest.Any(d => d.Key == "~behind") && rest[^1].Key == "far behind", "the rest has what was written behind the cursor");
            Expect.True(rest.All(d => d.Key != "!before"), "the rest has nothing from before the cursor");
        }),
        Case("Page_after_a_document_whose_value_changed_goes_on_from_where_it_was", async store =>
        {
            var query = new DocumentQuery { OrderBy = "Price", Limit = 1000 };
            var whole = await QueryAsync(store, "books", query);
            var at = whole[20];
            await CommitAsync(store, Book(at.Key, "moved", 1, 1e9));
            var rest = await QueryAsync(store, "books", query with { After = new DocumentCursor(at.OrderedBy, at.Key) });
            Expect.Sequence(
                [.. whole.Skip(21).Select(d => d.Key), at.Key], [.. rest.Select(d => d.Key)], "the keys after where the document was");
        }),
        Case("Page_by_an_alias_returns_each_document_once", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit { Aliases = [new ReadModelAlias("current", "books")] });
            var query = new DocumentQuery { OrderBy = "Title", Limit = 1000 };
            var whole = await QueryAsync(store, "books", query);
            var pages = new List<(string, FieldValue)>();
            DocumentCursor? after = null;
            while (true)
            {
                var page = await QueryAsync(store, "current", query with { After = after, Limit = 4 });
                pages.AddRange(page.Select(d => (d.Key, d.OrderedBy)));
                if (page.Count < 4) break;
                after = new DocumentCursor(page[^1].OrderedBy, page[^1].Key);
            }

            Expect.Sequence([.. whole.Select(d => (d.Key, d.OrderedBy))], pages, "the pages");
        }),
    ];

    /// <summary>36 documents: several share each value, and every third value is missing.</summary>
    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Queries, async store =>
    {
        await CreateAsync(store, Books);
        await CommitAsync(store, [.. Enumerable.Range(0, 36).Select(n => Book(
            $"k{n * 11 % 36:00}", $"{n}", n % 3 == 0 ? null : n % 4, n % 3 == 1 ? null : (n % 5) - 2.5, n % 3 == 2 ? null : $"t{n % 4}"))]);
        Expect.Equal(36, await store.ReadModels.CountAsync("books", []), "the number of documents");
        await run(store);
    });

    private static async Task<List<(string Key, FieldValue Value)>> PagesAsync(StoreUnderTest store, DocumentQuery query)
    {
        var seen = new List<(string, FieldValue)>();
        while (true)
        {
            var page = await QueryAsync(store, "books", query);
            seen.AddRange(page.Select(d => (d.Key, d.OrderedBy)));
            if (page.Count < query.Limit) return seen;
            Expect.True(seen.Count < 1000, "pages come to an end");
            query = query with { After = new DocumentCursor(page[^1].OrderedBy, page[^1].Key) };
        }
    }
}
