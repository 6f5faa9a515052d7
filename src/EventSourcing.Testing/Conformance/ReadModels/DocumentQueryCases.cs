using static EventSourcing.Testing.Documents;

namespace EventSourcing.Testing;

/// <summary>
/// Documents found by their fields. What is expected follows from tables of values in their order, not from a comparison of values.
/// </summary>
internal static class DocumentQueryCases
{
    private static readonly FieldComparison[] Comparisons = Enum.GetValues<FieldComparison>();

    public static IEnumerable<ConformanceCase> All => [.. Values, .. Orders, .. Conditions, .. Limits, .. Errors, .. Changes];

    /// <summary>Values of each kind in their order; those in one list are equal.</summary>
    internal static IEnumerable<(FieldKind Kind, IReadOnlyList<IReadOnlyList<FieldValue>> InOrder)> Kinds =>
    [
        (FieldKind.WholeNumber,
        [
            .. new[]
            {
                long.MinValue, long.MinValue + 1, int.MinValue - 1L, int.MinValue, -10, -9, -1, 0, 1, 9, 10, int.MaxValue,
                int.MaxValue + 1L, 9007199254740992, 9007199254740993, long.MaxValue - 1, long.MaxValue,
            }
                .Select(n => new[] { new FieldValue(n) }),
        ]),
        (FieldKind.Number,
        [
            .. new double[][]
            {
                [double.NegativeInfinity], [double.MinValue], [-1e10], [-1.5], [-1], [-double.Epsilon], [-0.0, 0.0], [double.Epsilon],
                [0.1], [0.1 + 0.2], [1, 1.0], [1.0000000000000002], [9], [10], [9007199254740992], [9007199254740994], [double.MaxValue],
                [double.PositiveInfinity],
            }
                .Select(equal => equal.Select(n => new FieldValue(n)).ToArray()),
        ]),
        (FieldKind.Text,
        [
            .. new[]
            {
                "", "\u0001", "\n", " ", "!", "-", "0", "1", "10", "2", "A", "B", "Z", "_", "a", "a ", "aB", "aa", "ab", "b", "co-op",
                "coop", "e", "e\u0301", "f", "~", "\u0080", "\u00C5", "\u00DF", "\u00E9",
                "\u0130", "\u4E2D", "\uD7FF", "\uE000", "\uFB01", "\uFFFD", "\uFFFF", "\U00010000", "\U0001F600", "\U0001F600a",
                "\U0010FFFF",
            }.Select(text => new[] { new FieldValue(text) }),
        ]),
    ];

    private static IEnumerable<ConformanceCase> Values =>
    [
        .. from kind in Kinds
           from comparison in Comparisons
           select Case($"Query_{kind.Kind}_{comparison}_each_value_finds_exactly_those", async store =>
           {
               var all = await WriteEachAsync(store, kind.Kind, kind.InOrder);
               for (var rank = 0; rank < kind.InOrder.Count; rank++)
               {
                   foreach (var value in kind.InOrder[rank])
                       await ExpectFoundAsync(
                           store, [Where("V", comparison, value)], [.. all.Where(d => Holds(comparison, d.Rank, rank)).Select(d => d.Key)]);
               }
           }),
        .. from kind in Kinds
           select Case($"Query_{kind.Kind}_that_is_missing_finds_exactly_the_documents_without_one", async store =>
           {
               var all = await WriteEachAsync(store, kind.Kind, kind.InOrder);
               await ExpectFoundAsync(
                   store, [Where("V", FieldComparison.Equal, default)], [.. all.Where(d => d.Rank < 0).Select(d => d.Key)]);
           }),
        .. from kind in Kinds
           select Case($"Query_{kind.Kind}_between_two_values_finds_exactly_those", async store =>
           {
               var all = await WriteEachAsync(store, kind.Kind, kind.InOrder);
               for (var start = 0; start < kind.InOrder.Count; start += 2)
               {
                   for (var to = 0; to < kind.InOrder.Count; to += 3)
                   {
                       var (low, high) = (kind.InOrder[start][0], kind.InOrder[to][0]);
                       await ExpectFoundAsync(
                           store,
                           [Where("V", FieldComparison.AtLeast, low), Where("V", FieldComparison.Below, high)],
                           [.. all.Where(d => d.Rank >= start && d.Rank < to).Select(d => d.Key)]);
                       await ExpectFoundAsync(
                           store,
                           [Where("V", FieldComparison.AtMost, high), Where("V", FieldComparison.Above, low)],
                           [.. all.Where(d => d.Rank > start && d.Rank <= to).Select(d => d.Key)]);
                   }
               }
           }),
    ];

    private static IEnumerable<ConformanceCase> Orders =>
    [
        .. from kind in Kinds
           from isFalling in new[] { false, true }
           let how = isFalling ? "descending_has_missing_values_last" : "ascending_has_missing_values_first"
           select Case($"Query_ordered_by_{kind.Kind}_{how}_and_ties_by_key", async store =>
           {
               var all = await WriteEachAsync(store, kind.Kind, kind.InOrder);
               if (isFalling) all.Reverse();
               var found = await QueryAsync(store, "values", new DocumentQuery { OrderBy = "V", Descending = isFalling, Limit = 1000 });
               Expect.Sequence(
                   [.. all.Select(d => (d.Key, d.Value))], [.. found.Select(d => (d.Key, d.OrderedBy))], "the documents in their order");
               Expect.Sequence(
                   [.. all.Select(d => $"document {d.Key}")],
                   [.. found.Select(d => SeenEvent.Text(d.Data.Span))],
                   "the bytes of the documents");
           }),
        .. from isFalling in new[] { false, true }
           select Case($"Query_ordered_by_key_{(isFalling ? "descending" : "ascending")}_orders_by_code_point", async store =>
           {
               var keys = Kinds.Single(k => k.Kind == FieldKind.Text).InOrder
                   .Select(v => v[0].Text).Where(text => text.Length > 0).ToList();
               await CreateAsync(store, Define("values", ("V", FieldKind.Text)));
               await CommitAsync(
                   store, [.. keys.OrderBy(key => key.Length % 3).Select(key => Put("values", key, "1", new FieldValue("same")))]);
               if (isFalling) keys.Reverse();
               var found = await QueryAsync(store, "values", new DocumentQuery { Descending = isFalling });
               Expect.Sequence(keys, [.. found.Select(d => d.Key)], "the keys");
               Expect.True(found.All(d => d.OrderedBy == default), "documents in the order of their keys have no value that orders them");
               var tied = await QueryAsync(store, "values", new DocumentQuery { OrderBy = "V", Descending = isFalling });
               Expect.Sequence(keys, [.. tied.Select(d => d.Key)], "the keys of documents of one value");
               for (var i = 0; i < keys.Count; i++)
               {
                   var rest = await QueryAsync(
                       store, "values", new DocumentQuery { Descending = isFalling, After = new DocumentCursor(default, keys[i]) });
                   Expect.Sequence(keys[(i + 1)..], [.. rest.Select(d => d.Key)], $"the keys after '{keys[i]}'");
               }
           }),
        Case("Query_orders_documents_whatever_the_order_of_writing", async store =>
        {
            await CreateAsync(store, Define("values", ("V", FieldKind.WholeNumber)));
            foreach (var (key, value) in new[] { ("m", 2L), ("z", 1L), ("a", 2L), ("n", 1L), ("b", 3L) })
                await CommitAsync(store, Put("values", key, "1", new FieldValue(value)));
            await CommitAsync(store, Put("values", "z", "again", new FieldValue(3L)));
            var found = await QueryAsync(store, "values", new DocumentQuery { OrderBy = "V" });
            Expect.Sequence(["n", "a", "m", "b", "z"], [.. found.Select(d => d.Key)], "the keys");
        }),
    ];

    private static IEnumerable<ConformanceCase> Conditions =>
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
    ];

    private static IEnumerable<ConformanceCase> Limits =>
    [
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
                256, (await QueryAsync(store, "books", new DocumentQuery())).Count, "the number of documents where the query does not say");
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

    private static IEnumerable<ConformanceCase> Errors =>
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
    ];

    private static IEnumerable<ConformanceCase> Changes =>
    [
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

    /// <summary>Writes a document for each value and three without one; returned by value, then by key.</summary>
    private static async Task<List<(int Rank, string Key, FieldValue Value)>> WriteEachAsync(
        StoreUnderTest store, FieldKind kind, IReadOnlyList<IReadOnlyList<FieldValue>> inOrder)
    {
        var all = Enumerable.Range(-1, inOrder.Count + 1)
            .SelectMany(rank => rank < 0
                ? [(rank, default), (rank, default), (rank, default)]
                : inOrder[rank].Append(inOrder[rank][0]).Select(value => (Rank: rank, Value: value)))
            .Select((d, i) => (d.Rank, Key: $"k{i * 37 % 101:000}", d.Value))
            .OrderBy(d => d.Rank).ThenBy(d => d.Key, StringComparer.Ordinal)
            .ToList();
        await CreateAsync(store, Define("values", ("Other", FieldKind.Text), ("V", kind)));
        await CommitAsync(store, [.. all.OrderBy(d => d.Key[^1]).Select(d => Put("values", d.Key, $"document {d.Key}", default, d.Value))]);
        return all;
    }

    private static bool Holds(FieldComparison comparison, int rank, int other) => comparison switch
    {
        FieldComparison.Equal => rank == other,
        _ when rank < 0 => false,
        FieldComparison.AtLeast => rank >= other,
        FieldComparison.AtMost => rank <= other,
        FieldComparison.Above => rank > other,
        _ => rank < other,
    };

    private static async Task ExpectFoundAsync(StoreUnderTest store, FieldCondition[] conditions, string[] keys, string model = "values")
    {
        var what = conditions.Length == 0 ? "any" : string.Join(" and ", conditions.Select(c => $"{c.Field} {c.Comparison} {c.Value}"));
        var found = await QueryAsync(store, model, new DocumentQuery { Conditions = conditions, Limit = 1000 });
        Expect.Sequence([.. keys.Order(StringComparer.Ordinal)], [.. found.Select(d => d.Key)], $"the keys of '{model}' with {what}");
        Expect.Equal(keys.Length, await store.ReadModels.CountAsync(model, conditions), $"the count of '{model}' with {what}");
    }
}
