using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>Finds the member of a value at which JSON fails, for messages.</summary>
internal static class JsonMembers
{
    /// <summary>The innermost value that cannot be written.</summary>
    /// <param name="value">The value, which as a whole cannot be written.</param>
    /// <param name="info">How JSON handles it.</param>
    /// <param name="writer">How it was to be written.</param>
    /// <returns>
    /// Its path, as <c>$.lines[2].price</c>, and, as sentences, why it cannot be written and what to do, if System.Text.Json does not say
    /// it as well.
    /// </returns>
    public static (string Path, string? Why) Unwritable(object value, JsonTypeInfo info, JsonWriterOptions writer)
    {
        try
        {
            var found = new JsonSearch(info.Options, (part, of, depth) => !CanWrite(part, of, depth, writer)).Find(value, info);
            return found is null ? ("$", null) : (found.Path, WhyNot(found, writer));
        }
        catch (Exception)
        {
            // Any exception: the value's own members run in there. What went wrong is reported without the place.
            return ("$", null);
        }
    }

    /// <summary>
    /// The path of the first value of a derived type that JSON writes, and reads back, as its base; null if there is none.
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="info">How JSON handles it.</param>
    public static string? Sliced(object value, JsonTypeInfo info) =>
        new JsonSearch(info.Options, static (part, of, _) => IsSliced(part, of)).Find(value, info)?.Path;

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

    /// <summary>
    /// A collection in a value that is of a class of the app with more than its items, which JSON does not write; null if there is none.
    /// The type that is declared does not show it.
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="info">How JSON handles it.</param>
    public static (string Path, Type Type, string Member)? CollectionWithMore(object value, JsonTypeInfo info)
    {
        var found = new JsonSearch(info.Options, static (part, of, _) => MoreOf(part, of) is not null).Find(value, info);
        return found is null ? null : (found.Path, found.Value.GetType(), MoreOf(found.Value, found.Info)!);
    }

    /// <summary>Whether JSON writes a member as its type says, and sets it again.</summary>
    /// <param name="property">The member.</param>
    /// <param name="type">The type that has it.</param>
    public static bool IsKept(JsonPropertyInfo property, JsonTypeInfo type) =>
        property is { Get: not null, CustomConverter: null, IsExtensionData: false }
        && (property.AssociatedParameter is not null || property.Set is not null || JsonTypeCheck.IsPopulated(property, type));

    private static string? MoreOf(object part, JsonTypeInfo info) =>
        info.Kind is JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary && !JsonTypeCheck.IsOwn(info.Converter)
        && part.GetType() != info.Type && !JsonTypeCheck.IsOfFramework(part.GetType())
            ? JsonLostMembers.OfCollection(part.GetType())
            : null;

    private static string? WhyNot(JsonPart found, JsonWriterOptions writer)
    {
        if (found.ContainsItself) return "It contains itself. Let one of the two hold the other's key instead.";
        var number = found.Value switch
        {
            double x when !double.IsFinite(x) => x,
            float x when !float.IsFinite(x) => x,
            Half x when !Half.IsFinite(x) => (double)x,
            _ => (double?)null,
        };
        if (number is { } notFinite)
            return string.Create(
                CultureInfo.InvariantCulture,
                $"It is {notFinite}, for which JSON has no number. Make it null, or allow it by "
                + $"{nameof(JsonNumberHandling)}.{nameof(JsonNumberHandling.AllowNamedFloatingPointLiterals)}.");
        if (found.Value is JsonElement { ValueKind: JsonValueKind.Undefined })
            return "It is a JsonElement that was never set. Set it, or make the member nullable.";
        return CanWrite(found.Value, found.Info, depth: 0, writer)
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"It is nested deeper than the {writer.MaxDepth} levels of JsonSerializerOptions.MaxDepth. Nest it less deeply, "
                + $"or raise that.")
            : null;
    }

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
}
