using System.Buffers;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// JSON of values that are to be compared. As far as possible, equal values give equal JSON, however they came about. The order of sets and
/// dictionaries depends on how they were filled, so <see cref="SnapshotFields"/> uses these options to write those of an aggregate's fields
/// sorted, and members of objects are compared by name. Sets deeper within a value cannot be distinguished from lists in its JSON: if a
/// value holds any, the order of arrays is not compared.
/// </summary>
internal sealed class ComparisonJson : IJsonTypeInfoResolver
{
    private readonly IJsonTypeInfoResolver _inner;
    private volatile bool _holdsSets;

    public ComparisonJson(JsonSerializerOptions json)
    {
        _inner = json.TypeInfoResolver!;
        Options = new JsonSerializerOptions(json) { TypeInfoResolver = this };
        Options.MakeReadOnly();
    }

    public JsonSerializerOptions Options { get; }

    /// <summary>Whether these options write values for comparison.</summary>
    public static bool IsOf(JsonSerializerOptions json) => json.TypeInfoResolver is ComparisonJson;

    public JsonTypeInfo? GetTypeInfo(Type type, JsonSerializerOptions options)
    {
        if (IsUnordered(type)) _holdsSets = true;
        return _inner.GetTypeInfo(type, options);
    }

    /// <summary>A state as JSON for comparison.</summary>
    public byte[] Write<TState>(TState state, StateFold<TState> fold)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = Options.Encoder, MaxDepth = Options.MaxDepth }))
            fold.WriteState(state, writer, Options);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>How two texts differ, as part of a sentence; null if they mean the same.</summary>
    /// <param name="expected">The result of the log.</param>
    /// <param name="actual">What is stored.</param>
    public string? DifferenceBetween(ReadOnlyMemory<byte> expected, ReadOnlyMemory<byte> actual)
    {
        if (expected.Span.SequenceEqual(actual.Span)) return null;
        try
        {
            var options = new JsonDocumentOptions
            {
                MaxDepth = Options.MaxDepth,
                CommentHandling = Options.ReadCommentHandling == JsonCommentHandling.Skip ? JsonCommentHandling.Skip : default,
                AllowTrailingCommas = Options.AllowTrailingCommas,
            };
            using var first = JsonDocument.Parse(expected, options);
            using var second = JsonDocument.Parse(actual, options);
            return AreEqual(first.RootElement, second.RootElement)
                ? null
                : $"what differs: {string.Join(", ", DifferingMembers(first.RootElement, second.RootElement))}";
        }
        catch (Exception flaw) when (flaw is JsonException or InvalidOperationException)
        {
            // The latter if a text within it is not UTF-8, or has half of a surrogate pair: those are decoded one by one.
            return $"it is no JSON: {flaw.Message}";
        }
    }

    private static bool IsUnordered(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() is var generic
        && (generic == typeof(HashSet<>) || generic == typeof(ISet<>) || generic == typeof(IReadOnlySet<>)
            || generic == typeof(ImmutableHashSet<>) || generic == typeof(IImmutableSet<>) || generic == typeof(FrozenSet<>)
            || generic == typeof(System.Collections.Concurrent.ConcurrentBag<>));

    private bool AreEqual(JsonElement first, JsonElement second) =>
        JsonElement.DeepEquals(first, second) || (_holdsSets && AreEqualWithoutOrder(first, second));

    private static bool AreEqualWithoutOrder(JsonElement first, JsonElement second)
    {
        if (first.ValueKind != second.ValueKind) return false;
        switch (first.ValueKind)
        {
            case JsonValueKind.Object:
                var members = second.EnumerateObject().ToLookup(member => member.Name, member => member.Value, StringComparer.Ordinal);
                var count = 0;
                foreach (var member in first.EnumerateObject())
                {
                    count++;
                    if (members[member.Name].ToArray() is not [var only] || !AreEqualWithoutOrder(member.Value, only)) return false;
                }

                return count == members.Count;
            case JsonValueKind.Array:
                if (first.GetArrayLength() != second.GetArrayLength()) return false;
                var rest = second.EnumerateArray().ToList();
                foreach (var item in first.EnumerateArray())
                {
                    var found = rest.FindIndex(other => AreEqualWithoutOrder(item, other));
                    if (found < 0) return false;
                    rest.RemoveAt(found);
                }

                return true;
            default:
                return JsonElement.DeepEquals(first, second);
        }
    }

    private static List<string> DifferingMembers(JsonElement first, JsonElement second)
    {
        if (first.ValueKind != JsonValueKind.Object || second.ValueKind != JsonValueKind.Object) return ["the value itself"];
        var names = first.EnumerateObject().Concat(second.EnumerateObject()).Select(member => member.Name).Distinct(StringComparer.Ordinal);
        return [.. names.Where(name => !first.TryGetProperty(name, out var a) || !second.TryGetProperty(name, out var b)
            || !JsonElement.DeepEquals(a, b)).Take(5).Select(Names.Printable).DefaultIfEmpty("a member is there twice")];
    }
}
