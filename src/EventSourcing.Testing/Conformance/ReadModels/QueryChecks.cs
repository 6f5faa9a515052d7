using static EventSourcing.Testing.Documents;

namespace EventSourcing.Testing;

/// <summary>Checks what queries find and count.</summary>
internal static class QueryChecks
{
    public static readonly FieldComparison[] Comparisons = Enum.GetValues<FieldComparison>();

    public static async Task ExpectFoundAsync(StoreUnderTest store, FieldCondition[] conditions, string[] keys, string model = "values")
    {
        var what = conditions.Length == 0 ? "any" : string.Join(" and ", conditions.Select(c => $"{c.Field} {c.Comparison} {c.Value}"));
        var found = await QueryAsync(store, model, new DocumentQuery { Conditions = conditions, Limit = 1000 });
        Expect.Sequence([.. keys.Order(StringComparer.Ordinal)], [.. found.Select(d => d.Key)], $"the keys of '{model}' with {what}");
        Expect.Equal(keys.Length, await store.ReadModels.CountAsync(model, conditions), $"the count of '{model}' with {what}");
    }
}
