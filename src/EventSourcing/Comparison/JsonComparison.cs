using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// Finds what differs between two JSON values, member by member. Numbers are compared by value, objects regardless of the order of
/// their members, and arrays index by index.
/// </summary>
internal static class JsonComparison
{
    /// <summary>The changes, in this order: first the members of the first value, then those that only the second value has.</summary>
    /// <param name="before">The first value, or null if there is none: then all its members are missing.</param>
    /// <param name="after">The second value, or null if there is none.</param>
    public static IReadOnlyList<MemberChange> Between(JsonElement? before, JsonElement? after)
    {
        var changes = new List<MemberChange>();
        Compare("", before, after, changes);
        return changes;
    }

    private static void Compare(string path, JsonElement? before, JsonElement? after, List<MemberChange> changes)
    {
        if (before is null && after is null) return;
        if (before is { } first && after is { } second && JsonElement.DeepEquals(first, second)) return;
        switch (KindOf(before, after))
        {
            case JsonValueKind.Object:
                foreach (var name in NamesOf(before).Union(NamesOf(after), StringComparer.Ordinal))
                    Compare(Member(path, name), MemberOf(before, name), MemberOf(after, name), changes);
                break;
            case JsonValueKind.Array:
                for (var i = 0; i < Math.Max(LengthOf(before), LengthOf(after)); i++)
                    Compare($"{path}[{i}]", ItemOf(before, i), ItemOf(after, i), changes);
                break;
            default:
                changes.Add(new MemberChange(path, before?.GetRawText(), after?.GetRawText()));
                break;
        }
    }

    /// <summary>
    /// Object or array if both values are of that kind, or if there is only one value, which is of that kind and not empty. Otherwise
    /// undefined: then the values are compared as a whole.
    /// </summary>
    private static JsonValueKind KindOf(JsonElement? before, JsonElement? after)
    {
        var kind = (before ?? after)!.Value.ValueKind;
        if (before is not null && after is not null) return kind == after.Value.ValueKind ? kind : JsonValueKind.Undefined;
        var isEmpty = kind switch
        {
            JsonValueKind.Object => !NamesOf(before ?? after).Any(),
            JsonValueKind.Array => LengthOf(before ?? after) == 0,
            _ => true,
        };
        return isEmpty ? JsonValueKind.Undefined : kind;
    }

    private static IEnumerable<string> NamesOf(JsonElement? element) =>
        element is { } value ? value.EnumerateObject().Select(property => property.Name) : [];

    private static JsonElement? MemberOf(JsonElement? element, string name) =>
        element is { } value && value.TryGetProperty(name, out var member) ? member : null;

    private static int LengthOf(JsonElement? element) => element?.GetArrayLength() ?? 0;

    private static JsonElement? ItemOf(JsonElement? element, int index) =>
        element is { } value && index < value.GetArrayLength() ? value[index] : null;

    private static string Member(string path, string name) =>
        name.Length == 0 || name.AsSpan().ContainsAny('.', '[', ']') || name.Contains('\'', StringComparison.Ordinal) ? $"{path}['{name}']"
        : path.Length == 0 ? name
        : $"{path}.{name}";
}
