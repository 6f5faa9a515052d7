using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.QueryChecks;

namespace EventSourcing.Testing;

/// <summary>Documents are compared and ordered by the values of their fields, of every kind.</summary>
internal static class DocumentOrderCases
{
    public static IEnumerable<ConformanceCase> All =>
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

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Queries, run);

    /// <summary>Values of each kind in their order; those in one list are equal.</summary>
    private static IEnumerable<(FieldKind Kind, IReadOnlyList<IReadOnlyList<FieldValue>> InOrder)> Kinds =>
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
}
