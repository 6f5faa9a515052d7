using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.QueryChecks;

namespace EventSourcing.Testing;

/// <summary>Queries that do not fit a read model are refused, and queries see what was changed.</summary>
internal static class DocumentQueryChangeCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        .. new (string Name, string Model, Func<IReadModelStorage, string, Task> Ask)[]
        {
            ("Query_by_a_condition_on", "books", async (models, model) =>
                await models.QueryAsync(model, new DocumentQuery { Conditions = [Where("Colour", FieldComparison.Equal, default)] })),
            ("Query_by_a_second_condition_on", "books", async (models, model) => await models.QueryAsync(model, new DocumentQuery
            {
                Conditions = [Where("Pages", FieldComparison.Equal, default), Where("Colour", FieldComparison.Equal, default)],
            })),
            ("Query_by_an_alias_and_a_condition_on", "current", async (models, model) =>
                await models.QueryAsync(model, new DocumentQuery { Conditions = [Where("Colour", FieldComparison.Equal, default)] })),
            ("Query_ordered_by", "books", async (models, model) =>
                await models.QueryAsync(model, new DocumentQuery { OrderBy = "Colour" })),
            ("Query_without_fields_ordered_by", "people", async (models, model) =>
                await models.QueryAsync(model, new DocumentQuery { OrderBy = "Colour" })),
            ("Count_by_a_condition_on", "books", async (models, model) =>
                await models.CountAsync(model, [Where("Colour", FieldComparison.AtLeast, new FieldValue(1L))])),
            ("Count_by_an_alias_and_a_condition_on", "current", async (models, model) =>
                await models.CountAsync(model, [Where("Colour", FieldComparison.Equal, default)])),
        }.Select(row => Case($"{row.Name}_a_field_that_is_not_there_says_so", async store =>
        {
            await SeedAsync(store);
            var error = await RefusesAsync<UnknownFieldException>(store, () => row.Ask(store.ReadModels, row.Model));
            Expect.Equal(row.Model, error.Model, "the read model in the error");
            Expect.Equal("Colour", error.Field, "the field in the error");
        })),
        .. from kind in Enum.GetValues<FieldKind>()
           from value in new[] { new FieldValue(1L), new FieldValue(1.0), new FieldValue("1") }
           where value.Kind != kind
           select Case($"Query_a_field_of_{kind}_by_a_{value.Kind}_is_a_bad_argument", async store =>
           {
               await SeedAsync(store);
               var name = Books.Fields.Single(f => f.Kind == kind).Name;
               foreach (var comparison in Comparisons)
               {
                   await RefusesAsync<ArgumentException>(store, async () =>
                       await store.ReadModels.QueryAsync("books", new DocumentQuery { Conditions = [Where(name, comparison, value)] }));
                   await RefusesAsync<ArgumentException>(store, async () =>
                       await store.ReadModels.CountAsync("books", [Where(name, comparison, value)]));
               }

               await RefusesAsync<ArgumentException>(store, async () => await store.ReadModels.QueryAsync(
                   "books", new DocumentQuery { OrderBy = name, After = new DocumentCursor(value, "k") }));
           }),
        .. new (string Name, DocumentQuery Query)[]
        {
            ("a_limit_of_0", new DocumentQuery { Limit = 0 }),
            ("a_negative_limit", new DocumentQuery { Limit = -1 }),
            ("no_list_of_conditions", new DocumentQuery { Conditions = null! }),
            ("a_condition_without_a_field", new DocumentQuery { Conditions = [Where("", FieldComparison.Equal, default)] }),
            ("a_condition_without_a_comparison", new DocumentQuery { Conditions = [Where("Pages", default, new FieldValue(1L))] }),
            (
                "a_condition_of_an_unknown_comparison",
                new DocumentQuery { Conditions = [Where("Pages", (FieldComparison)9, new FieldValue(1L))] }),
            ("a_condition_above_what_is_missing", new DocumentQuery { Conditions = [Where("Pages", FieldComparison.Above, default)] }),
            ("a_condition_at_most_what_is_missing", new DocumentQuery { Conditions = [Where("Pages", FieldComparison.AtMost, default)] }),
            ("an_order_without_a_field", new DocumentQuery { OrderBy = "" }),
            ("a_cursor_without_a_key", new DocumentQuery { After = default(DocumentCursor) }),
            ("a_cursor_of_an_empty_key", new DocumentQuery { After = new DocumentCursor(default, "") }),
            ("a_cursor_with_a_value_where_keys_order", new DocumentQuery { After = new DocumentCursor(new FieldValue(1L), "k") }),
            ("nothing_at_all", null!),
        }.Select(row => Case($"Query_by_{row.Name}_is_a_bad_argument", async store =>
        {
            await SeedAsync(store);
            await RefusesAsync<ArgumentException>(store, async () => await store.ReadModels.QueryAsync("books", row.Query));
            if (row.Query is not null && row.Query.Conditions is not [])
                await RefusesAsync<ArgumentException>(store, async () => await store.ReadModels.CountAsync("books", row.Query.Conditions));
        })),
        Case("Query_after_a_value_has_changed_finds_the_document_by_the_new_one_only", async store =>
        {
            await SeedAsync(store);
            await CommitAsync(store, Book("emma", "2", 100, -9.5, "Zuleika"));
            foreach (var old in new[]
            {
                Where("Pages", FieldComparison.Equal, new FieldValue(474L)),
                Where("Price", FieldComparison.Equal, new FieldValue(9.5)),
                Where("Title", FieldComparison.Equal, new FieldValue("Emma")),
            })
                await ExpectFoundAsync(store, [old], [], "books");
            foreach (var now in new[]
            {
                Where("Pages", FieldComparison.Equal, new FieldValue(100L)),
                Where("Price", FieldComparison.Below, new FieldValue(0.0)),
                Where("Title", FieldComparison.Equal, new FieldValue("Zuleika")),
            })
                await ExpectFoundAsync(store, [now], ["emma"], "books");
            Expect.Sequence(
                ["ulysses", "emma"],
                [.. (await QueryAsync(store, "books", new DocumentQuery { OrderBy = "Title" })).Select(d => d.Key)],
                "the keys by title");
        }),
        Case("Query_after_a_value_has_gone_finds_the_document_among_those_without", async store =>
        {
            await SeedAsync(store);
            await CommitAsync(store, Book("ulysses", "2"));
            await ExpectFoundAsync(
                store,
                [
                    Where("Pages", FieldComparison.Equal, default),
                    Where("Price", FieldComparison.Equal, default),
                    Where("Title", FieldComparison.Equal, default),
                ],
                ["ulysses"],
                "books");
            Expect.Sequence(
                ["ulysses", "emma"],
                [.. (await QueryAsync(store, "books", new DocumentQuery { OrderBy = "Pages" })).Select(d => d.Key)],
                "the keys by pages");
        }),
        Case("Query_after_a_deletion_does_not_find_the_document", async store =>
        {
            await SeedAsync(store);
            await CommitAsync(store, Delete("books", "emma"));
            await ExpectFoundAsync(store, [Where("Title", FieldComparison.Equal, new FieldValue("Emma"))], [], "books");
            await ExpectFoundAsync(store, [], ["ulysses"], "books");
        }),
        Case("Query_while_two_documents_change_together_sees_them_alike", async store =>
        {
            await CreateAsync(store, Books);
            await CommitAsync(store, Book("a", "0", 0), Book("b", "0", 0));
            var done = Task.Run(async () =>
            {
                for (var n = 1; n <= 60; n++) await CommitAsync(store, Book("a", $"{n}", n), Book("b", $"{n}", n));
            });
            while (!done.IsCompleted)
            {
                var found = await QueryAsync(store, "books", new DocumentQuery { OrderBy = "Pages" });
                Expect.Sequence(["a", "b"], [.. found.Select(d => d.Key)], "the keys");
                Expect.Equal(found[0].OrderedBy, found[1].OrderedBy, "the value of the other of two documents that change together");
                Expect.Sequence(
                    [.. found.Select(d => d.OrderedBy.ToString())],
                    [.. found.Select(d => SeenEvent.Text(d.Data.Span))],
                    "documents, which have their value for bytes,");
                await Task.Yield();
            }

            await done;
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Queries, run);
}
