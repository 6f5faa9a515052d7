using System.Text;
using static EventSourcing.Testing.Documents;

namespace EventSourcing.Testing;

/// <summary>
/// Random queries, from a seed, on documents that change in between. Each is compared with a list that is filtered and sorted in full.
/// </summary>
internal static class RandomQueryCases
{
    private const int Rounds = 6;
    private const int QueriesPerRound = 20;
    private static readonly string[] Texts = ["", "a", "A", "aa", "b", "\u00E9", "\uFFFF", "\U0001F600", "10", "9"];
    private static readonly double[] Numbers = [double.NegativeInfinity, -1.5, -0.0, 0.0, 0.1, 1, 1e300, double.PositiveInfinity];
    private static readonly long[] Wholes = [long.MinValue, int.MinValue, -1, 0, 1, 2, int.MaxValue, long.MaxValue];

    public static IEnumerable<ConformanceCase> All => Enumerable.Range(1, 6).Select(seed =>
        new ConformanceCase($"Query_at_random_from_seed_{seed}_agrees_with_a_plain_list", ConformanceRule.Queries, store =>
            RunAsync(store, new Random(seed))));

    private static async Task RunAsync(StoreUnderTest store, Random random)
    {
        var model = new Dictionary<string, Row>(StringComparer.Ordinal);
        await CreateAsync(store, Books);
        for (var round = 0; round < Rounds; round++)
        {
            var keys = Enumerable.Range(0, 60)
                .OrderBy(_ => random.Next()).Take(30).Select(n => n % 2 == 0 ? $"k{n}" : $"{Texts[1 + (n % 9)]}{n}").ToList();
            var changes = new List<DocumentChange>();
            foreach (var key in keys)
            {
                if (random.Next(4) == 0)
                {
                    model.Remove(key);
                    changes.Add(Delete("books", key));
                    continue;
                }

                var row = model[key] = new Row(
                    key,
                    $"{round} {key}",
                    Some(random, Wholes),
                    Some(random, Numbers),
                    random.Next(4) == 0 ? null : Texts[random.Next(Texts.Length)]);
                changes.Add(Book(key, row.Document, row.Pages, row.Price, row.Title));
            }

            await CommitAsync(store, changes);
            for (var n = 0; n < QueriesPerRound; n++) await CompareAsync(store, model.Values, random);
        }
    }

    private static async Task CompareAsync(StoreUnderTest store, IReadOnlyCollection<Row> model, Random random)
    {
        var query = new DocumentQuery
        {
            Conditions = [.. Enumerable.Range(0, random.Next(4)).Select(_ => Condition(random))],
            OrderBy = random.Next(4) switch { 0 => null, 1 => "Pages", 2 => "Price", _ => "Title" },
            Descending = random.Next(2) == 0,
            Limit = random.Next(1, 50),
        };
        var sorted = model.Where(row => query.Conditions.All(c => IsMet(row, c))).ToList();
        sorted.Sort((x, y) =>
            (query.Descending ? -1 : 1) * (Compare(x, y, query.OrderBy) is var byValue and not 0 ? byValue : CompareText(x.Key, y.Key)));
        Expect.Equal(sorted.Count, await store.ReadModels.CountAsync("books", query.Conditions), $"the count by {Show(query)}");
        if (sorted.Count > 0 && random.Next(2) == 0)
        {
            var skipped = random.Next(sorted.Count);
            query = query with { After = new DocumentCursor(ValueOf(sorted[skipped], query.OrderBy), sorted[skipped].Key) };
            sorted = sorted[(skipped + 1)..];
        }

        var found = await QueryAsync(store, "books", query);
        Expect.Sequence(
            [.. sorted.Take(query.Limit).Select(row => (row.Key, row.Document, ValueOf(row, query.OrderBy)))],
            [.. found.Select(d => (d.Key, Encoding.UTF8.GetString(d.Data.Span), d.OrderedBy))],
            $"the documents by {Show(query)}");
    }

    private static T? Some<T>(Random random, T[] values)
        where T : struct => random.Next(4) == 0 ? null : values[random.Next(values.Length)];

    private static FieldCondition Condition(Random random)
    {
        var comparison = (FieldComparison)random.Next(1, 6);
        if (comparison == FieldComparison.Equal && random.Next(3) == 0)
            return Where(Books.Fields[random.Next(3)].Name, comparison, default);
        return random.Next(3) switch
        {
            0 => Where("Pages", comparison, new FieldValue(Wholes[random.Next(Wholes.Length)])),
            1 => Where("Price", comparison, new FieldValue(Numbers[random.Next(Numbers.Length)])),
            _ => Where("Title", comparison, new FieldValue(Texts[random.Next(Texts.Length)])),
        };
    }

    private static bool IsMet(Row row, FieldCondition condition)
    {
        var wanted = condition.Value.Kind is null ? new Row("", "", null, null, null) : condition.Field switch
        {
            "Pages" => new Row("", "", condition.Value.WholeNumber, null, null),
            "Price" => new Row("", "", null, condition.Value.Number, null),
            _ => new Row("", "", null, null, condition.Value.Text),
        };
        var order = Compare(row, wanted, condition.Field);
        if (condition.Comparison == FieldComparison.Equal) return order == 0;
        return ValueOf(row, condition.Field).Kind is not null && condition.Comparison switch
        {
            FieldComparison.AtLeast => order >= 0,
            FieldComparison.AtMost => order <= 0,
            FieldComparison.Above => order > 0,
            _ => order < 0,
        };
    }

    private static int Compare(Row x, Row y, string? field) => field switch
    {
        "Pages" => Nullable.Compare(x.Pages, y.Pages),
        "Price" => Nullable.Compare(x.Price, y.Price),
        "Title" =>
            x.Title is null || y.Title is null ? (x.Title is null ? 0 : 1) - (y.Title is null ? 0 : 1) : CompareText(x.Title, y.Title),
        _ => 0,
    };

    /// <summary>UTF-8 keeps the order of code points.</summary>
    private static int CompareText(string x, string y) => Encoding.UTF8.GetBytes(x).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y));

    private static FieldValue ValueOf(Row row, string? field) => field switch
    {
        "Pages" when row.Pages is { } pages => new FieldValue(pages),
        "Price" when row.Price is { } price => new FieldValue(price),
        "Title" when row.Title is { } title => new FieldValue(title),
        _ => default,
    };

    private static string Show(DocumentQuery query) =>
        $"[{string.Join(" and ", query.Conditions.Select(c => $"{c.Field} {c.Comparison} {c.Value}"))}] in "
        + $"{(query.Descending ? "falling" : "rising")} order of {query.OrderBy ?? "key"} after {query.After}, at most {query.Limit}";

    private sealed record Row(string Key, string Document, long? Pages, double? Price, string? Title);
}
