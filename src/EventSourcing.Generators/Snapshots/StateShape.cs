using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>Says which types JSON writes and reads back unchanged.</summary>
internal sealed class StateShape
{
    private static readonly HashSet<string> Values =
    [
        "System.Guid", "System.DateTimeOffset", "System.TimeSpan", "System.DateOnly", "System.TimeOnly", "System.Uri", "System.Version",
        "System.Half", "System.Int128", "System.UInt128",
    ];

    private static readonly HashSet<string> Collections =
    [
        "List`1", "HashSet`1", "SortedSet`1", "LinkedList`1", "Queue`1", "IReadOnlyList`1", "IReadOnlyCollection`1", "KeyValuePair`2",
        "ImmutableArray`1", "ImmutableList`1", "ImmutableHashSet`1", "ImmutableSortedSet`1", "ImmutableQueue`1",
    ];

    private static readonly HashSet<string> Dictionaries =
        ["Dictionary`2", "SortedDictionary`2", "SortedList`2", "ImmutableDictionary`2", "ImmutableSortedDictionary`2"];

    // A generic type can have members of ever new forms of itself.
    private const int MaxDepth = 64;
    private const int MaxTypes = 1_000;

    private readonly HashSet<ITypeSymbol> _met = new(SymbolEqualityComparer.Default);
    private int _depth;

    /// <summary>All fields that an instance of a type holds, without those of its base class.</summary>
    public static IEnumerable<IFieldSymbol> FieldsOf(INamedTypeSymbol type) =>
        type.GetMembers().OfType<IFieldSymbol>().Where(field => field is { IsStatic: false, IsConst: false });

    /// <summary>The derived types that JSON is told to expect for a type.</summary>
    public static IEnumerable<ITypeSymbol> DerivedTypesOf(INamedTypeSymbol type) => type.GetAttributes()
        .Where(attribute => attribute.AttributeClass?.Name == "JsonDerivedTypeAttribute")
        .Select(attribute => attribute.ConstructorArguments.FirstOrDefault().Value).OfType<ITypeSymbol>();

    public static bool IsOfFramework(string @namespace) =>
        @namespace is "System" or "Microsoft" || @namespace.StartsWith("System.", StringComparison.Ordinal)
        || @namespace.StartsWith("Microsoft.", StringComparison.Ordinal);

    /// <summary>
    /// Why a field of an aggregate cannot be kept; null if it can. A collection written item by item may be one that JSON
    /// itself cannot handle: JSON has only texts for keys, and reads a stack back upside down.
    /// </summary>
    public string? FlawOfField(ITypeSymbol type) =>
        type is INamedTypeSymbol named && IsOfCollections(named)
        && (Dictionaries.Contains(type.MetadataName) || type.MetadataName == "Stack`1")
            ? named.TypeArguments.Select(FlawOf).FirstOrDefault(flaw => flaw is not null)
            : FlawOf(type);

    /// <summary>Why a type cannot be kept; null if it can.</summary>
    public string? FlawOf(ITypeSymbol type) => type switch
    {
        IArrayTypeSymbol { Rank: > 1 } => "it is an array of several dimensions",
        IArrayTypeSymbol array => FlawOf(array.ElementType),
        ITypeParameterSymbol => $"'{type.Name}' may be any type",
        { SpecialType: SpecialType.System_Object } or IDynamicTypeSymbol => "it may hold any object",
        { TypeKind: TypeKind.Enum } => null,
        { SpecialType: SpecialType.System_String or SpecialType.System_DateTime or SpecialType.System_Decimal } => null,
        { SpecialType: >= SpecialType.System_Boolean and <= SpecialType.System_Double } => null,
        INamedTypeSymbol named => FlawOf(named),
        _ => $"'{type}' is not a kind of type that can be",
    };

    private string? FlawOf(INamedTypeSymbol type)
    {
        var space = type.ContainingNamespace.ToDisplayString();
        if (type.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T) return FlawOf(type.TypeArguments[0]);
        if (Values.Contains($"{space}.{type.Name}")) return null;
        if (IsOfCollections(type))
        {
            if (Dictionaries.Contains(type.MetadataName)) return FlawOfKey(type.TypeArguments[0]) ?? FlawOf(type.TypeArguments[1]);
            if (Collections.Contains(type.MetadataName)) return type.TypeArguments.Select(FlawOf).FirstOrDefault(flaw => flaw is not null);
        }

        if (type.TypeKind == TypeKind.Delegate) return $"'{type.Name}' is a delegate";
        if (type.TypeKind == TypeKind.Interface) return $"'{type.Name}' is an interface";
        if (type.TypeKind is not (TypeKind.Class or TypeKind.Struct) || type.IsTupleType || IsOfFramework(space))
            return $"'{type}' is not a kind of type that can be";
        if (!_met.Add(type) || type.IsMarked("JsonConverterAttribute")) return null;
        if (_depth > MaxDepth || _met.Count > MaxTypes) return "it is nested without end";
        _depth++;
        var flaw = FlawOfOwn(type);
        _depth--;
        return flaw;
    }

    /// <summary>JSON has only texts for keys, so not every type can be one.</summary>
    private string? FlawOfKey(ITypeSymbol type) =>
        type is { TypeKind: TypeKind.Enum } or { SpecialType: not SpecialType.None } || Values.Contains(type.ToDisplayString())
            ? FlawOf(type)
            : $"'{type}' cannot be the key of a dictionary in JSON";

    /// <summary>All state of a type must be in public properties that JSON can set, or can pass to the constructor that it calls.</summary>
    private string? FlawOfOwn(INamedTypeSymbol type)
    {
        var derived = DerivedTypesOf(type).ToList();
        if (derived.Count > 0 && derived.Select(FlawOf).FirstOrDefault(flaw => flaw is not null) is { } flawOfDerived) return flawOfDerived;
        if (type.IsAbstract) return derived.Count > 0 ? null : $"'{type.Name}' is abstract";

        var constructor = ConstructorOf(type);
        if (constructor is null && !type.IsValueType) return $"'{type.Name}' has no constructor that JSON can choose";
        for (var current = type; current is { SpecialType: SpecialType.None }; current = current.BaseType)
        {
            foreach (var member in StateOf(current))
            {
                if (!IsKept(member, constructor))
                    return "JSON does not read back "
                        + $"'{(member is IFieldSymbol { AssociatedSymbol: { } property } ? property : member).Name}' of '{type.Name}'";
                if (FlawOf(member is IPropertySymbol p ? p.Type : ((IFieldSymbol)member).Type) is { } flaw) return flaw;
            }
        }

        return null;
    }

    /// <summary>
    /// The fields of a type of this compilation. For a type of another one, whose fields cannot be seen, the properties that
    /// look like fields.
    /// </summary>
    private static IEnumerable<ISymbol> StateOf(INamedTypeSymbol type) => type.DeclaringSyntaxReferences.IsEmpty
        ? type.GetMembers().OfType<IPropertySymbol>().Where(property =>
            property is { IsStatic: false, IsIndexer: false, DeclaredAccessibility: Accessibility.Public, SetMethod: not null })
        : FieldsOf(type);

    private static bool IsKept(ISymbol member, IMethodSymbol? constructor)
    {
        var declared = (member as IFieldSymbol)?.AssociatedSymbol ?? member;
        if (declared.IsMarked("JsonIgnoreAttribute")) return false;
        if (declared is not IPropertySymbol property) return declared.IsMarked("JsonIncludeAttribute");
        var isRead = property is { DeclaredAccessibility: Accessibility.Public, GetMethod.DeclaredAccessibility: Accessibility.Public }
            || property.IsMarked("JsonIncludeAttribute");
        var isSet = property.SetMethod is { } set
            && (set.DeclaredAccessibility == Accessibility.Public || property.IsMarked("JsonIncludeAttribute"));
        return isRead && (isSet || constructor?.Parameters.Any(parameter =>
            string.Equals(parameter.Name, property.Name, StringComparison.OrdinalIgnoreCase)) == true);
    }

    /// <summary>The constructor that System.Text.Json would call; null for a struct's own, and if there is none.</summary>
    private static IMethodSymbol? ConstructorOf(INamedTypeSymbol type)
    {
        if (type.InstanceConstructors.FirstOrDefault(constructor => constructor.IsMarked("JsonConstructorAttribute")) is { } marked)
            return marked;
        if (type.IsValueType) return null;
        var open = type.InstanceConstructors.Where(constructor => constructor.DeclaredAccessibility == Accessibility.Public).ToList();
        return open.FirstOrDefault(constructor => constructor.Parameters.IsEmpty) ?? (open.Count == 1 ? open[0] : null);
    }

    private static bool IsOfCollections(INamedTypeSymbol type) =>
        type.ContainingNamespace.ToDisplayString() is "System.Collections.Generic" or "System.Collections.Immutable";
}

internal static class MarkedSymbolExtensions
{
    /// <summary>Whether a symbol has an attribute of System.Text.Json.</summary>
    public static bool IsMarked(this ISymbol symbol, string attribute) =>
        symbol.GetAttributes().Any(a => a.AttributeClass?.Name == attribute);
}
