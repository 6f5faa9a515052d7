using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>Finds the member of a value at which JSON fails, for messages.</summary>
internal static class JsonMembers
{
    /// <summary>The path of the innermost value that cannot be written, as <c>$.lines[2].price</c>.</summary>
    /// <param name="value">The value, which as a whole cannot be written.</param>
    /// <param name="info">How JSON handles it.</param>
    /// <param name="writer">How it was to be written.</param>
    public static string Unwritable(object value, JsonTypeInfo info, JsonWriterOptions writer) =>
        Find(value, info, "$", 0, (part, of, depth) => !CanWrite(part, of, depth, writer)) ?? "$";

    /// <summary>
    /// The path of the first value of a derived type that JSON writes, and reads back, as its base; null if there is none.
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="info">How JSON handles it.</param>
    public static string? Sliced(object value, JsonTypeInfo info) => Find(value, info, "$", 0, (part, of, _) => IsSliced(part, of));

    /// <summary>Whether a value is of a derived type that JSON writes, or reads back, as its base.</summary>
    /// <param name="part">The value.</param>
    /// <param name="info">How JSON handles the type that the value was declared as.</param>
    public static bool IsSliced(object part, JsonTypeInfo info) =>
        part.GetType() != info.Type && AllowsSliced(info)
        && info.PolymorphismOptions?.DerivedTypes.Any(of => of.DerivedType == part.GetType() && of.TypeDiscriminator is not null) != true;

    /// <summary>Whether a value that is declared as a type may be of a derived type that JSON does not keep.</summary>
    /// <param name="info">How JSON handles the declared type.</param>
    public static bool AllowsSliced(JsonTypeInfo info) =>
        info is { Kind: JsonTypeInfoKind.Object, Type: { IsClass: true, IsSealed: false } }
        && info.Converter.GetType().Assembly == typeof(JsonSerializer).Assembly
        && (info.PolymorphismOptions is not { } polymorphism
            || polymorphism.UnknownDerivedTypeHandling != JsonUnknownDerivedTypeHandling.FailSerialization
            || polymorphism.DerivedTypes.Any(of => of.TypeDiscriminator is null && of.DerivedType != info.Type));

    /// <summary>Whether JSON writes a member as its type says, and sets it again.</summary>
    /// <param name="property">The member.</param>
    /// <param name="type">The type that has it.</param>
    public static bool IsKept(JsonPropertyInfo property, JsonTypeInfo type) =>
        property is { Get: not null, CustomConverter: null, IsExtensionData: false }
        && (property.AssociatedParameter is not null || property.Set is not null || JsonTypeCheck.IsPopulated(property, type));

    /// <summary>Whether a part can be written at this depth of arrays or objects.</summary>
    private static bool CanWrite(object part, JsonTypeInfo info, int depth, JsonWriterOptions writer)
    {
        try
        {
            using var output = new JsonOutput(writer);
            var json = output.Begin();
            for (var i = 0; i < depth; i++) json.WriteStartArray();
            JsonSerializer.Serialize(json, part, info);
            return true;
        }
        catch (Exception)
        {
            // Any exception: the reason is known already, this only finds the place.
            return false;
        }
    }

    private static string? Find(object value, JsonTypeInfo info, string path, int depth, Func<object, JsonTypeInfo, int, bool> isWanted)
    {
        if (depth > JsonOutput.MaxDepthOf(info.Options)) return null;
        if (Nullable.GetUnderlyingType(info.Type) is { } underlying)
            return info.Options.TryGetTypeInfo(underlying, out var of) ? Find(value, of, path, depth, isWanted) : null;
        return FindWithin(value, info, path, depth, isWanted) ?? (isWanted(value, info, depth) ? path : null);
    }

    private static string? FindWithin(
        object value, JsonTypeInfo info, string path, int depth, Func<object, JsonTypeInfo, int, bool> isWanted)
    {
        if (info.PolymorphismOptions is not null && value.GetType() != info.Type
            && info.Options.TryGetTypeInfo(value.GetType(), out var derived))
            info = derived;
        switch (info.Kind)
        {
            case JsonTypeInfoKind.Object:
                foreach (var property in info.Properties)
                {
                    if (!IsKept(property, info)) continue;
                    if (!TryGet(property, value, out var part)) return $"{path}.{property.Name}";
                    if (Within(part, property.PropertyType, $"{path}.{property.Name}") is { } found) return found;
                }

                return null;
            case JsonTypeInfoKind.Enumerable when info.ElementType is { } element:
                return Items(value).Select((item, i) => Within(item, element, $"{path}[{i}]")).FirstOrDefault(found => found is not null);
            case JsonTypeInfoKind.Dictionary when info.ElementType is { } element && value is IDictionary dictionary:
                return dictionary.Keys.Cast<object>()
                    .Select(key => Within(dictionary[key], element, $"{path}['{Names.Printable(key.ToString() ?? "")}']"))
                    .FirstOrDefault(found => found is not null);
            default:
                return null;
        }

        string? Within(object? part, Type type, string at) =>
            part is not null && info.Options.TryGetTypeInfo(type, out var of) ? Find(part, of, at, depth + 1, isWanted) : null;
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

    /// <summary>The items; none if they cannot be enumerated, as with a default ImmutableArray or a Memory.</summary>
    private static List<object?> Items(object collection)
    {
        try
        {
            return collection is IEnumerable items ? [.. items.Cast<object?>()] : [];
        }
        catch (InvalidOperationException)
        {
            return [];
        }
    }
}
