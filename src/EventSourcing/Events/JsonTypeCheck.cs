using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// Finds what JSON would write for a type but not read back, by what the serializer itself says about the type and the types of
/// its members. What only a value shows is not found here; <see cref="JsonProof"/> finds it.
/// </summary>
internal sealed class JsonTypeCheck
{
    private const int MaxNested = 8;

    private static readonly Type[] Reversed =
        [typeof(Stack<>), typeof(ConcurrentStack<>), typeof(ConcurrentBag<>), typeof(ImmutableStack<>), typeof(IImmutableStack<>)];

    private readonly HashSet<Type> _met = [];

    private JsonTypeCheck()
    {
    }

    /// <summary>Whether a converter from outside System.Text.Json takes part: it may write anything, valid or not.</summary>
    private bool HasOwnConverters { get; set; }

    /// <summary>
    /// Whether a member is sometimes left out, and it is unknown which value it has if it is missing, or a key of extension data
    /// may set another member. Then each value has to be read back to find out whether it is the same.
    /// </summary>
    private bool NeedsEachValue { get; set; }

    /// <summary>What in a type is not read back, as a clause for a message; null if nothing was found.</summary>
    /// <param name="type">How JSON handles it.</param>
    /// <param name="hasOwnConverters">Whether a converter from outside System.Text.Json takes part.</param>
    /// <param name="isForEachValue">Whether the type alone does not tell, so that each value has to be read back.</param>
    public static string? FlawOf(JsonTypeInfo type, out bool hasOwnConverters, out bool isForEachValue)
    {
        var check = new JsonTypeCheck();
        var flaw = check.Flaw(type);
        hasOwnConverters = check.HasOwnConverters;
        isForEachValue = check.NeedsEachValue;
        return flaw;
    }

    /// <summary>Whether JSON adds what it reads to the value that a member already has.</summary>
    public static bool IsPopulated(JsonPropertyInfo property, JsonTypeInfo type) =>
        (property.ObjectCreationHandling ?? type.PreferredPropertyObjectCreationHandling
            ?? type.Options.PreferredObjectCreationHandling) == JsonObjectCreationHandling.Populate;

    /// <summary>Whether a converter is of the app: it may write anything, and read it back or not.</summary>
    public static bool IsOwn(JsonConverter converter) =>
        converter is not (DateTimeJson or UriJson) && converter.GetType().Assembly != typeof(JsonSerializer).Assembly;

    private string? Flaw(JsonTypeInfo type)
    {
        if (!_met.Add(type.Type)) return null;
        if (IsOwn(type.Converter))
        {
            HasOwnConverters = true;
            return null;
        }

        if (Nullable.GetUnderlyingType(type.Type) is { } underlying) return FlawOfMember(underlying, type.Options);

        // Such JSON may itself repeat a key, which these options write and do not read.
        NeedsEachValue |= !type.Options.AllowDuplicateProperties
            && (type.Type == typeof(JsonElement) || type.Type == typeof(JsonDocument) || typeof(JsonNode).IsAssignableFrom(type.Type));
        if (type.PolymorphismOptions is { } polymorphism)
        {
            foreach (var derived in polymorphism.DerivedTypes)
            {
                if (derived.DerivedType != type.Type && FlawOfMember(derived.DerivedType, type.Options) is { } flaw) return flaw;
            }

            if (type.Type.IsAbstract) return null;
        }

        if (type.Type.IsEnum) return FlawOfEnum(type);
        return type.Kind switch
        {
            JsonTypeInfoKind.Object => FlawOfObject(type),
            JsonTypeInfoKind.Enumerable => FlawOfCollection(type, "[]"u8),
            JsonTypeInfoKind.Dictionary => FlawOfCollection(type, "{}"u8),
            _ when type.Type == typeof(object) =>
                "an 'object' is read back as a JsonElement, whatever it was; give it a type, or make it a JsonElement",
            _ => null,
        };
    }

    private string? FlawOfMember(Type type, JsonSerializerOptions options) =>
        options.TryGetTypeInfo(type, out var info) ? Flaw(info) : null;

    /// <summary>A policy may give two members one name, and only one of them is read back.</summary>
    private static string? FlawOfEnum(JsonTypeInfo type)
    {
        foreach (var number in Enum.GetValuesAsUnderlyingType(type.Type))
        {
            var value = Enum.ToObject(type.Type, number);
            var json = JsonSerializer.SerializeToUtf8Bytes(value, type);
            if (json is not [(byte)'"', ..]) return null; // as a number, which each member has of its own
            if (!value.Equals(JsonSerializer.Deserialize(json, type)))
                return $"'{Enum.GetName(type.Type, value)}' of {NameOf(type.Type)} is written as {Encoding.UTF8.GetString(json)}, and read "
                    + "back as another member; give its members names of their own, or write it as a number";
        }

        return null;
    }

    private string? FlawOfCollection(JsonTypeInfo type, ReadOnlySpan<byte> empty)
    {
        if (type.Type.IsGenericType && Reversed.Contains(type.Type.GetGenericTypeDefinition()))
            return $"{NameOf(type.Type)} is read back in the opposite order; use a list";
        try
        {
            JsonSerializer.Deserialize(empty, type);
        }
        catch (NotSupportedException)
        {
            return $"JSON writes {NameOf(type.Type)} and cannot read it back; use an IReadOnlyList, "
                + "IReadOnlyDictionary or an immutable collection";
        }
        catch (Exception)
        {
            // A collection type of the app's own that was not found unfit: its values will be tried.
        }

        if (!IsOfFramework(type.Type) && JsonLostMembers.OfCollection(type.Type) is { } lost)
            return $"'{lost}' of {NameOf(type.Type)} is not written, as JSON writes only the items of a collection; "
                + "keep the collection and that value as two members, or mark the value [JsonIgnore]";
        return type.ElementType is { } element ? FlawOfMember(element, type.Options) : null;
    }

    private string? FlawOfObject(JsonTypeInfo type)
    {
        var owner = NameOf(type.Type);
        if (JsonLostMembers.UnwrittenField(type) is { } field)
            return $"the public field '{field}' of {owner} is not written; make it a property with 'init', or mark it [JsonInclude]";
        if (FlawOfConstructor(type) is { } noConstructor) return noConstructor;
        if (IsOfFramework(type.Type) && type.Properties.Any(p => p.Get is not null) && !type.Properties.Any(JsonLostMembers.IsReadBack))
            return $"{owner} has nothing that JSON can set; keep its parts as members of their own, or give it a JsonConverter";
        if (IsOfFramework(type.Type) && type.Type.IsClass && type.CreateObject is not null)
            return $"{owner} holds more than its public properties show, and JSON reads back only those; "
                + "keep its parts as members of their own, or give it a JsonConverter";
        foreach (var property in type.Properties)
        {
            if (property.Get is null) continue;
            if (property.IsExtensionData)
            {
                // Its keys are known only from a value, and one may be the name of a member.
                NeedsEachValue = true;
                continue;
            }

            if (property.CustomConverter is { } converter)
            {
                HasOwnConverters |= IsOwn(converter);
                continue;
            }

            if (FlawOfOneWay(property, type) is { } oneWay) return oneWay;
            if (JsonLostMembers.IsReadBack(property) || IsPopulated(property, type))
            {
                if (FlawOfLeavingOut(property, type) is { } differs) return differs;
                if (FlawOfMember(property.PropertyType, type.Options) is { } flaw) return flaw;
            }
            else if (JsonLostMembers.IsLost(property, type))
            {
                return $"'{property.Name}' of {owner} is written, and has no setter or constructor parameter by which JSON could read it "
                    + "back; give it 'init' or a parameter of its name, or mark it [JsonInclude] or [JsonIgnore]";
            }
        }

        return null;
    }

    /// <summary>What is wrong with settings that hold for writing a member alone, or for reading it alone.</summary>
    private static string? FlawOfOneWay(JsonPropertyInfo property, JsonTypeInfo type)
    {
        if (!JsonLostMembers.IsReadBack(property)) return null;
        var handling = property.NumberHandling ?? type.NumberHandling ?? type.Options.NumberHandling;
        if (IsOneWay(handling) && HoldsNumbers(property.PropertyType, type.Options))
            return $"numbers in '{property.Name}' of {NameOf(type.Type)} are written as text, and text is not read as a number; "
                + "add JsonNumberHandling.AllowReadingFromString to JsonNumberHandling.WriteAsString";
        var setting = property.AttributeProvider is FieldInfo ? nameof(JsonSerializerOptions.IgnoreReadOnlyFields)
            : nameof(JsonSerializerOptions.IgnoreReadOnlyProperties);
        var isIgnored = property.AttributeProvider is FieldInfo ? type.Options.IgnoreReadOnlyFields : type.Options.IgnoreReadOnlyProperties;
        if (!isIgnored || property.Set is not null || IgnoreConditionOf(property) == JsonIgnoreCondition.Never
            || IsCollection(property.PropertyType, type.Options, out _))
            return null;
        return $"'{property.Name}' of {NameOf(type.Type)} is set by a constructor parameter, and is not written, as "
            + $"JsonSerializerOptions.{setting} says; give it 'init', or mark it [JsonIgnore(Condition = JsonIgnoreCondition.Never)]";
    }

    /// <summary>Whether numbers are written as text, and not read from text.</summary>
    public static bool IsOneWay(JsonNumberHandling handling) =>
        handling.HasFlag(JsonNumberHandling.WriteAsString) && !handling.HasFlag(JsonNumberHandling.AllowReadingFromString);

    private static bool HoldsNumbers(Type type, JsonSerializerOptions options)
    {
        // That of a collection is how its items are written. A list of lists of itself has no end, and no numbers.
        for (var i = 0; i < MaxNested && IsCollection(type, options, out var element) && element is not null; i++) type = element;
        type = Nullable.GetUnderlyingType(type) ?? type;
        return !type.IsEnum
            && (Type.GetTypeCode(type) is >= TypeCode.SByte and <= TypeCode.Decimal
                || type == typeof(Half) || type == typeof(Int128) || type == typeof(UInt128));
    }

    private static bool IsCollection(Type type, JsonSerializerOptions options, out Type? element)
    {
        element = null;
        if (!options.TryGetTypeInfo(type, out var info) || info.Kind is not (JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary))
            return false;
        element = info.ElementType;
        return true;
    }

    private static JsonIgnoreCondition? IgnoreConditionOf(JsonPropertyInfo property) =>
        property.AttributeProvider?.GetCustomAttributes(typeof(JsonIgnoreAttribute), inherit: true) is [JsonIgnoreAttribute ignore, ..]
            ? ignore.Condition
            : null;

    /// <summary>
    /// What is wrong with leaving a member out if it has its type's default: a missing member must be read as that default.
    /// </summary>
    [UnconditionalSuppressMessage("Trimming", "IL2072", Justification = "The default of a value type runs no constructor.")]
    private string? FlawOfLeavingOut(JsonPropertyInfo property, JsonTypeInfo type)
    {
        var own = IgnoreConditionOf(property);
        var condition = own ?? type.Options.DefaultIgnoreCondition;
        var canBeNull = !property.PropertyType.IsValueType || Nullable.GetUnderlyingType(property.PropertyType) is not null;
        if (condition is not (JsonIgnoreCondition.WhenWritingDefault or JsonIgnoreCondition.WhenWritingNull))
        {
            NeedsEachValue |= own is null && property.ShouldSerialize is not null;
            return null;
        }

        if (condition == JsonIgnoreCondition.WhenWritingNull && !canBeNull) return null;
        var leftOut = canBeNull ? null : RuntimeHelpers.GetUninitializedObject(property.PropertyType);
        var where = $"'{property.Name}' of {NameOf(type.Type)} is left out if it is {Shown(leftOut)}";
        if (property.IsRequired)
            return $"{where}, and cannot be read back then, as it is required; mark it [JsonIgnore(Condition = JsonIgnoreCondition.Never)]";
        if (!TryReadMissing(property, type, leftOut, out var read))
        {
            NeedsEachValue = true;
            return null;
        }

        return Equals(read, leftOut)
            ? null
            : $"{where}, and is {Shown(read)} if it is missing; mark it [JsonIgnore(Condition = JsonIgnoreCondition.Never)], "
                + "or give it no default of its own";

        static string Shown(object? value) =>
            value is null ? "null" : Names.Printable(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
    }

    /// <summary>The value of a member that is missing in the JSON; false if the type does not tell.</summary>
    private static bool TryReadMissing(JsonPropertyInfo property, JsonTypeInfo type, object? leftOut, out object? read)
    {
        read = leftOut;
        if (property.AssociatedParameter is { } parameter)
        {
            // Without a default it may be an error to leave it out. Reading the value back shows whether it is.
            if (!parameter.HasDefaultValue) return parameter.IsMemberInitializer || !type.Options.RespectRequiredConstructorParameters;
            read = parameter.DefaultValue ?? leftOut;
            return true;
        }

        try
        {
            var created = type.CreateObject is { } create ? create() : (type.ConstructorAttributeProvider as ConstructorInfo)?.Invoke(
                [.. type.Properties.Select(p => p.AssociatedParameter).OfType<JsonParameterInfo>().OrderBy(p => p.Position).Select(p =>
                    p.DefaultValue)]);
            if (created is null) return false;
            read = property.Get!(created);
            return true;
        }
        catch (Exception)
        {
            // Any exception: the type's own constructor runs in there, and may need other arguments.
            return false;
        }
    }

    private static string? FlawOfConstructor(JsonTypeInfo type)
    {
        if (type.CreateObject is not null) return null;
        var bound = type.Properties.Where(p => p.AssociatedParameter is { IsMemberInitializer: false })
            .Select(p => p.AssociatedParameter!.Position).ToHashSet();
        if (type.ConstructorAttributeProvider is ConstructorInfo constructor)
        {
            return constructor.GetParameters().FirstOrDefault(parameter => !bound.Contains(parameter.Position)) is { } unbound
                ? $"the parameter '{unbound.Name}' of the constructor of {NameOf(type.Type)} is named as no property of it; "
                    + "give it the name of the property that it sets"
                : null;
        }

        return type.Properties.Any(p => p.AssociatedParameter is not null)
            ? null
            : $"{NameOf(type.Type)} has no constructor that JSON can choose; mark one [JsonConstructor], or, "
                + "if it is abstract or an interface, say by [JsonDerivedType] what it may be";
    }

    public static bool IsOfFramework(Type type) =>
        type.Namespace is "System" || type.Namespace?.StartsWith("System.", StringComparison.Ordinal) == true;

    private static string NameOf(Type type) => !type.IsGenericType ? type.Name
        : $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>";
}
