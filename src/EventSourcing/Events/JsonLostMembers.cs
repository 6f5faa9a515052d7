using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>Which members of a type hold a value that JSON does not write, or writes and does not read back.</summary>
internal static class JsonLostMembers
{
    /// <summary>Whether JSON sets a property, or passes its value to the constructor.</summary>
    public static bool IsReadBack(JsonPropertyInfo property) => property.Set is not null || property.AssociatedParameter is not null;

    /// <summary>
    /// Whether a property that JSON only writes has a value of its own. A value that is computed, or set only from the
    /// constructor's parameters, is the same after it is read back.
    /// </summary>
    [UnconditionalSuppressMessage(
        "Trimming", "IL2070", Justification = "Finds more if members are kept; what trimming removes has been judged by the compiler.")]
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "As above.")]
    public static bool IsLost(JsonPropertyInfo property, JsonTypeInfo type)
    {
        if (property.AttributeProvider is FieldInfo) return true;
        if (property.AttributeProvider is not PropertyInfo { DeclaringType: { } declaring } member) return false;
        if (member.SetMethod is not null) return true;
        const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var isHeld = declaring.GetField($"<{member.Name}>k__BackingField", Own)?.IsDefined(typeof(CompilerGeneratedAttribute)) == true;
        if (!isHeld || type.CreateObject is null) return false;
        return declaring.GetConstructors(Own).Any(constructor =>
            constructor.GetParameters() is { Length: > 0 } parameters && !IsCopy(parameters, declaring))
            || IsChangeable(property.PropertyType, type.Options);
    }

    private static bool IsCopy(ParameterInfo[] parameters, Type declaring) => parameters is [var only] && only.ParameterType == declaring;

    /// <summary>Whether items can be added to a collection: then they are a value of the property's own.</summary>
    private static bool IsChangeable(Type type, JsonSerializerOptions options) =>
        options.TryGetTypeInfo(type, out var info)
        && info is { Kind: JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary, CreateObject: not null };

    /// <summary>The name of a public field that JSON does not write; null if there is none.</summary>
    [UnconditionalSuppressMessage(
        "Trimming",
        "IL2075",
        Justification = "EventType.Of and Projection<TDocument> keep the fields of the types themselves; "
            + "what trimming removes has been judged by the compiler.")]
    public static string? UnwrittenField(JsonTypeInfo type)
    {
        if (type.Options.IncludeFields) return null;
        return type.Type.GetFields(BindingFlags.Instance | BindingFlags.Public).FirstOrDefault(field =>
            !field.IsDefined(typeof(JsonIgnoreAttribute)) && !field.IsDefined(typeof(JsonIncludeAttribute))
            && !field.IsDefined(typeof(JsonExtensionDataAttribute))
            && !type.Properties.Any(p => p.AttributeProvider is FieldInfo written && written.Name == field.Name))?.Name;
    }

    /// <summary>
    /// The name of a public property of a collection type of the app that somebody sets: JSON writes only the items. Null if there is
    /// none. A property that can only be read may be computed from the items.
    /// </summary>
    [UnconditionalSuppressMessage(
        "Trimming", "IL2070", Justification = "Finds more if members are kept; what trimming removes has been judged by the compiler.")]
    public static string? OfCollection(Type type) =>
        type.GetProperties(BindingFlags.Instance | BindingFlags.Public).FirstOrDefault(property =>
            property.SetMethod is { IsPublic: true } && property.GetMethod is not null && property.GetIndexParameters().Length == 0
            && !property.IsDefined(typeof(JsonIgnoreAttribute), inherit: true)
            && property.DeclaringType is { } declaring && !JsonTypeCheck.IsOfFramework(declaring))?.Name;
}
