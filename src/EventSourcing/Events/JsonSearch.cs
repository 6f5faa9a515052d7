using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>A part of a value.</summary>
/// <param name="Path">Where it is, as <c>$.lines[2].price</c>; cut in the middle if that is long.</param>
/// <param name="Value">The part.</param>
/// <param name="Info">How JSON handles the type that it is declared as.</param>
/// <param name="ContainsItself">Whether it is one of those that contain it.</param>
internal sealed record JsonPart(string Path, object Value, JsonTypeInfo Info, bool ContainsItself = false);

/// <summary>
/// Looks through a value, as JSON does that writes it, for the innermost part that is wanted. It looks into each object once only: a
/// reference handler allows objects that contain each other, so there may be very many ways to one of them.
/// </summary>
internal sealed class JsonSearch(JsonSerializerOptions options, Func<object, JsonTypeInfo, int, bool> isWanted)
{
    private const int LongestPath = 100;

    /// <summary>The objects that were looked into; without a reference handler those on the way to the current one.</summary>
    private readonly HashSet<object> _met = new(ReferenceEqualityComparer.Instance);

    private readonly bool _refers = options.ReferenceHandler is not null;

    /// <summary>Looks for the first such part; null if there is none.</summary>
    /// <param name="value">The value.</param>
    /// <param name="info">How JSON handles it.</param>
    public JsonPart? Find(object value, JsonTypeInfo info) =>
        Find(value, info, "$", 0) is { } found ? found with { Path = Shortened(found.Path) } : null;

    /// <summary>
    /// Whether an object that stands in several places is written only in the first, so that it comes back as what it is declared as
    /// there.
    /// </summary>
    public static bool WritesOnce(JsonSerializerOptions options) => options.ReferenceHandler == ReferenceHandler.Preserve;

    /// <summary>The path, or its beginning and its end if it is long.</summary>
    public static string Shortened(string path) =>
        path.Length <= LongestPath ? path : $"{path[..(LongestPath / 2)]}…{path[^(LongestPath / 2)..]}";

    private JsonPart? Find(object value, JsonTypeInfo info, string path, int depth)
    {
        if (depth > JsonOutput.MaxDepthOf(options)) return null;
        if (Nullable.GetUnderlyingType(info.Type) is { } underlying)
            return options.TryGetTypeInfo(underlying, out var of) ? Find(value, of, path, depth) : null;
        var isNew = info.Type.IsValueType || _met.Add(value);
        if (!isNew && !_refers) return new JsonPart(path, value, info, ContainsItself: true);
        if (!isNew && WritesOnce(options)) return null;
        if (isNew && FindWithin(value, info, path, depth) is { } found) return found;
        if (!_refers) _met.Remove(value);
        return isWanted(value, info, depth) ? new JsonPart(path, value, info) : null;
    }

    private JsonPart? FindWithin(object value, JsonTypeInfo info, string path, int depth)
    {
        if (info.PolymorphismOptions is not null && value.GetType() != info.Type
            && options.TryGetTypeInfo(value.GetType(), out var derived))
            info = derived;
        switch (info.Kind)
        {
            case JsonTypeInfoKind.Object:
                foreach (var property in info.Properties)
                {
                    if (!JsonMembers.IsKept(property, info)) continue;
                    var at = $"{path}.{property.Name}";
                    if (!TryGet(property, value, out var part)) return new JsonPart(at, value, info);
                    if (Within(part, property.PropertyType, at) is { } found) return found;
                }

                return null;
            case JsonTypeInfoKind.Enumerable when info.ElementType is { } element:
                return Items(value).Select((item, i) => Within(item, element, $"{path}[{i}]")).FirstOrDefault(found => found is not null);
            case JsonTypeInfoKind.Dictionary when info.ElementType is { } element && value is IDictionary dictionary:
                return dictionary.Keys.Cast<object>()
                    .Select(key => Within(dictionary[key], element, $"{path}['{Names.Printable(TextOf(key))}']"))
                    .FirstOrDefault(found => found is not null);
            default:
                return null;
        }

        JsonPart? Within(object? part, Type type, string at) =>
            part is not null && options.TryGetTypeInfo(type, out var of) ? Find(part, of, at, depth + 1) : null;
    }

    /// <summary>A key as people read it. A culture's calendar may lack a time, and the code of the app's own keys may throw.</summary>
    private static string TextOf(object key)
    {
        try
        {
            return (key is IFormattable text ? text.ToString(null, CultureInfo.InvariantCulture) : key.ToString()) ?? "";
        }
        catch (Exception)
        {
            return key.GetType().Name;
        }
    }

    /// <summary>The value of a member; false if the member's own code fails.</summary>
    private static bool TryGet(JsonPropertyInfo property, object owner, out object? value)
    {
        value = null;
        try
        {
            value = property.Get!(owner);
            return true;
        }
        catch (Exception)
        {
            // Any exception: the serializer has met it too, and its message is reported.
            return false;
        }
    }

    /// <summary>The items; those before the failure if they cannot be enumerated, as with a default ImmutableArray or a Memory.</summary>
    private static List<object?> Items(object collection)
    {
        var items = new List<object?>();
        try
        {
            if (collection is not IEnumerable all) return items;
            foreach (var item in all) items.Add(item);
        }
        catch (Exception)
        {
            // Any exception: the collection's own code runs in there. The serializer has met it too, and its message is reported.
        }

        return items;
    }
}
