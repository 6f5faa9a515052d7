using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.QueryChecks;

namespace EventSourcing.Testing;

/// <summary>Documents are found by conditions on their fields, up to a limit.</summary>
internal static class DocumentQueryCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        .. new (string Name, FieldCondition[] Conditions, string[] Keys)[]
        {
            ("none", [], ["a", "b", "c", "d", "e"]),
            (
                "on_two_fields", [
                    Where("Pages", FieldComparison.AtLeast, new FieldValue(200L)),
                    Where("Title", FieldComparison.Equal, new FieldValue("Two")),
                ], ["b", "c"]),
            (
                "on_three_fields", [
                    Where("Pages", FieldComparison.Equal, new FieldValue(200L)),
                    Where("Price", FieldComparison.Above, new FieldValue(2.0)),
                    Where("Title", FieldComparison.Equal, new FieldValue("Two")),
                ], ["c"]),
            (
                "that_no_document_meets_together",
                [Where("Pages", FieldComparison.Equal, new FieldValue(100L)), Where("Title", FieldComparison.Equal, new FieldValue("Two"))],
                []),
            (
                "that_contradict_each_other",
                [Where("Pages", FieldComparison.Above, new FieldValue(200L)), Where("Pages", FieldComparison.Below, new FieldValue(200L))],
                []),
            (
                "twice_the_same",
                [Where("Pages", FieldComparison.Equal, new FieldValue(200L)), Where("Pages", FieldComparison.Equal, new FieldValue(200L))],
                ["b", "c"]),
            (
                "on_a_value_and_on_a_missing_one",
                [Where("Pages", FieldComparison.AtMost, new FieldValue(500L)), Where("Title", FieldComparison.Equal, default)],
                ["d"]),
            (
                "on_two_missing_values",
                [Where("Pages", FieldComparison.Equal, default), Where("Title", FieldComparison.Equal, default)],
                ["e"]),
            (
                "by_field_names_in_another_case",
                [Where("PAGES", FieldComparison.Equal, new FieldValue(200L)), Where("title", FieldComparison.Equal, new FieldValue("Two"))],
                ["b", "c"]),
            ("on_a_text_in_another_case", [Where("Title", FieldComparison.Equal, new FieldValue("two"))], []),
            ("on_a_text_with_a_trailing_space", [Where("Title", FieldComparison.Equal, new FieldValue("Two "))], []),
            ("on_a_text_of_wildcards_and_quotes", [Where("Title", FieldComparison.Equal, new FieldValue("T%' OR '1'='1"))], []),
            (
                "on_the_beginning_of_a_text",
                [Where("Title", FieldComparison.AtLeast, new FieldValue("T")), Where("Title", FieldComparison.Below, new FieldValue("U"))],
                ["b", "c"]),
        }.Select(row => Case($"Query_by_conditions_{row.Name}_finds_exactly_those", async store =>
        {
            await CreateAsync(store, Books);
            await CommitAsync(
                store,
                Book("c", "1", 200, 3, "Two"),
                Book("a", "1", 100, 1, "One"),
                Book("e", "1"),
                Book("b", "1", 200, 2, "Two"),
                Book("d", "1", 500, 2));
            await ExpectAllAsync(store, "books", "a", "b", "c", "d", "e");
            await ExpectFoundAsync(store, row.Conditions, row.Keys, "books");
            var descending = await QueryAsync(
                store, "books", new DocumentQuery { Conditions = row.Conditions, OrderBy = "Price", Descending = true });
            Expect.Sequence(
                [.. new[] { "c", "d", "b", "a", "e" }.Where(row.Keys.Contains)],
                [.. descending.Select(d => d.Key)],
                "the keys by falling price");
        })),
        Case("Query_by_20_conditions_finds_what_meets_all", async store =>
        {
            await CreateAsync(store, Books);
            await CommitAsync(store, [.. Enumerable.Range(0, 40).Select(n => Book($"k{n:00}", "1", n))]);
            await ExpectFoundAsync(
                store,
                [.. Enumerable.Range(0, 20).Select(n => Where(
                    "Pages", n % 2 == 0 ? FieldComparison.AtLeast : FieldComparison.AtMost, new FieldValue(n % 2 == 0 ? n : 40L - n)))],
                ["k18", "k19", "k20", "k21"],
                "books");
        }),
        Case("Query_by_an_alias_finds_the_documents_of_its_read_model", async store =>
        {
            await SeedAsync(store);
            await ExpectFoundAsync(store, [Where("Pages", FieldComparison.Above, new FieldValue(500L))], ["ulysses"], "current");
        }),
        Case("Query_a_read_model_that_does_not_exist_finds_nothing", async store =>
        {
            await SeedAsync(store);
            await ExpectFoundAsync(store, [Where("Anything", FieldComparison.Equal, new FieldValue(5L))], [], "missing");
            Expect.Equal(
                0,
                (await QueryAsync(store, "missing", new DocumentQuery { OrderBy = "Anything", Descending = true })).Count,
                "the number of documents in an order");
            await ExpectFoundAsync(store, [], ["emma", "ulysses"], "books");
        }),
        Case("Query_a_read_model_without_documents_finds_nothing", async store =>
        {
            await SeedAsync(store);
            await CreateAsync(store, Define("new", ("Colour", FieldKind.Text)));
            await ExpectFoundAsync(store, [Where("Colour", FieldComparison.Equal, default)], [], "new");
            await Expect.ThrowsAsync<UnknownFieldException>(
                async () => await store.ReadModels.QueryAsync("new", new DocumentQuery { OrderBy = "Pages" }),
                "the query by a field that is not there");
        }),
        Case("Query_by_a_limit_returns_the_first_ones", async store =>
        {
            await CreateAsync(store, Books);
            await CommitAsync(store, [.. Enumerable.Range(0, 10).Select(n => Book($"k{n}", "1", 100 - n))]);
            foreach (var limit in new[] { 1, 2, 9, 10, 11, int.MaxValue })
            {
                Expect.Sequence(
                    [.. Enumerable.Range(0, Math.Min(10, limit)).Select(n => $"k{n}")],
                    [.. (await QueryAsync(store, "books", new DocumentQuery { Limit = limit })).Select(d => d.Key)],
                    $"the first {limit} keys");
                Expect.Sequence(
                    [.. Enumerable.Range(0, Math.Min(10, limit)).Select(n => $"k{9 - n}")],
                    [.. (await QueryAsync(store, "books", new DocumentQuery { OrderBy = "Pages", Limit = limit })).Select(d => d.Key)],
                    $"the first {limit} keys by pages");
            }
        }),
        Case("Query_600_documents_returns_256_unless_told_and_all_when_told", async store =>
        {
            await CreateAsync(store, Books);
            await CommitAsync(store, [.. Enumerable.Range(0, 600).Select(n => Book($"k{n:000}", "1", n))]);
            Expect.Equal(
                256, (await QueryAsync(store, "books", new DocumentQuery())).Count, "the number of documents if the query does not say");
            Expect.Sequence(
                [.. Enumerable.Range(0, 600).Select(n => $"k{599 - n:000}")],
                [.. (await QueryAsync(store, "books", new DocumentQuery { OrderBy = "Pages", Descending = true, Limit = 600 })).Select(d =>
                    d.Key)],
                "the keys by falling pages");
            Expect.Equal(600, await store.ReadModels.CountAsync("books", []), "the count");
            Expect.Equal(
                100,
                await store.ReadModels.CountAsync("books", [Where("Pages", FieldComparison.AtLeast, new FieldValue(500L))]),
                "the count by a condition");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Queries, run);
}
