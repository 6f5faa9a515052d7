using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EventSourcing.Generators.Analyzers;

/// <summary>
/// Finds what System.Text.Json writes of a type and does not read back. It checks types of this compilation, and those of
/// .NET that are known not to be read back. For types of other assemblies, and for types with a converter, only the first use
/// can tell.
/// </summary>
internal sealed class ReadBackShape(
    Func<ITypeSymbol, bool> isConverted, Func<bool> areFieldsIncluded, Func<IdentifierNameSyntax, ISymbol?> symbolOf)
{
    private static readonly HashSet<string> Reversed =
        [
            "System.Collections.Generic.Stack",
            "System.Collections.Concurrent.ConcurrentStack",
            "System.Collections.Concurrent.ConcurrentBag",
            "System.Collections.Immutable.ImmutableStack",
            "System.Collections.Immutable.IImmutableStack",
        ];

    private static readonly HashSet<string> WriteOnly =
    [
        "System.Collections.Generic.IReadOnlySet", "System.Collections.Generic.PriorityQueue", "System.Collections.Frozen.FrozenSet",
        "System.Collections.Frozen.FrozenDictionary",
        "System.Collections.ObjectModel.ReadOnlyCollection",
        "System.Collections.ObjectModel.ReadOnlyDictionary",
        "System.Collections.ObjectModel.ReadOnlySet",
        "System.Collections.ObjectModel.ReadOnlyObservableCollection", "System.Linq.ILookup", "System.Linq.IGrouping",
    ];

    private static readonly HashSet<string> Lost =
    [
        "System.Numerics.BigInteger", "System.Numerics.Complex", "System.Numerics.Vector2", "System.Numerics.Vector3",
        "System.Numerics.Vector4", "System.Numerics.Quaternion",
        "System.Numerics.Plane", "System.Numerics.Matrix3x2", "System.Numerics.Matrix4x4", "System.Index", "System.Range", "System.Lazy",
        "System.Drawing.Color",
    ];

    private static readonly HashSet<string> Changeable =
    [
        "List", "IList", "ICollection", "Dictionary", "IDictionary", "HashSet", "ISet", "Queue", "LinkedList", "SortedDictionary",
        "SortedList", "SortedSet", "Collection", "ObservableCollection", "OrderedDictionary",
    ];

    // A generic type can have members of ever new forms of itself.
    private const int MaxDepth = 64;
    private const int MaxTypes = 1_000;

    private readonly HashSet<ITypeSymbol> _met = new(SymbolEqualityComparer.Default);
    private int _depth;

    /// <summary>The flaws of a type's own members and constructor, each with the member to report; null for the type itself.</summary>
    public IEnumerable<(ISymbol? Member, string Flaw)> FlawsOf(INamedTypeSymbol type)
    {
        _met.Add(type);
        if (IsTrusted(type)) yield break;
        var derived = StateShape.DerivedTypesOf(type).OfType<INamedTypeSymbol>().ToList();
        foreach (var flaw in derived.Where(d => _met.Add(d)).SelectMany(FlawsOf).ToList()) yield return (null, flaw.Flaw);
        if (type.IsAbstract)
        {
            if (derived.Count == 0 && !type.IsMarked("JsonPolymorphicAttribute"))
                yield return (
                    null,
                    $"'{type.Name}' is {(type.TypeKind == TypeKind.Interface ? "an interface" : "abstract")}, so JSON cannot make one; "
                    + "say by [JsonDerivedType] what it may be");
            yield break;
        }

        var members = MembersOf(type).ToList();
        if (!TryGetConstructor(type, out var constructor))
        {
            yield return (null, $"'{type.Name}' has no constructor that JSON can choose; mark one [JsonConstructor]");
            yield break;
        }

        foreach (var parameter in constructor?.Parameters ?? [])
        {
            if (!members.Exists(member => IsNamedAs(parameter, member)))
                yield return (
                    parameter,
                    $"the parameter '{parameter.Name}' of the constructor of '{type.Name}' is named as no property of it; "
                    + "give it the name of the property that it sets");
        }

        foreach (var member in members)
        {
            if (FlawOf(member, type, constructor) is { } flaw) yield return (member, flaw);
        }
    }

    private static bool IsNamedAs(IParameterSymbol parameter, ISymbol member) =>
        string.Equals(parameter.Name, member.Name, StringComparison.OrdinalIgnoreCase);

    /// <summary>All instance properties and fields that are declared by hand, the nearest first.</summary>
    private static IEnumerable<ISymbol> MembersOf(INamedTypeSymbol type)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var current = type; current is { SpecialType: SpecialType.None }; current = current.BaseType)
        {
            foreach (var member in current.GetMembers())
            {
                if (member is { IsStatic: false } and (IPropertySymbol { IsIndexer: false, ExplicitInterfaceImplementations.IsEmpty: true }
                    or IFieldSymbol { IsImplicitlyDeclared: false }) && seen.Add(member.Name))
                    yield return member;
            }
        }
    }

    private static bool TryGetConstructor(INamedTypeSymbol type, out IMethodSymbol? constructor)
    {
        constructor = type.InstanceConstructors.FirstOrDefault(c => c.IsMarked("JsonConstructorAttribute"));
        if (constructor is not null || type.IsValueType) return true;
        var open = type.InstanceConstructors.Where(c => c.DeclaredAccessibility == Accessibility.Public).ToList();
        constructor = open.Find(c => c.Parameters.IsEmpty) ?? (open.Count == 1 ? open[0] : null);
        return constructor is not null;
    }

    private string? FlawOf(ISymbol member, INamedTypeSymbol type, IMethodSymbol? constructor)
    {
        if (member.IsMarked("JsonIgnoreAttribute") || member.IsMarked("JsonConverterAttribute")
            || member.IsMarked("JsonExtensionDataAttribute"))
            return null;
        var isIncluded = member.IsMarked("JsonIncludeAttribute");
        if (member is IFieldSymbol field)
        {
            if (isIncluded) return FlawOf(field.Type);
            if (field.DeclaredAccessibility != Accessibility.Public) return FlawOfHidden(field, type, constructor);
            return !areFieldsIncluded()
                ? $"the public field '{field.Name}' of '{type.Name}' is not written; make it a property with 'init', "
                    + "or mark it [JsonInclude]"
                : null;
        }

        var property = (IPropertySymbol)member;
        if (property.GetMethod is not { } get || (!isIncluded
            && (property.DeclaredAccessibility != Accessibility.Public || get.DeclaredAccessibility != Accessibility.Public)))
            return IsHeld(property) ? FlawOfHidden(property, type, constructor) : null;
        var isReadBack = (property.SetMethod is { } set && (isIncluded || set.DeclaredAccessibility == Accessibility.Public))
            || constructor?.Parameters.Any(parameter => IsNamedAs(parameter, property)) == true;
        if (isReadBack) return FlawOf(property.Type);
        if (property.IsMarked("JsonObjectCreationHandlingAttribute") || type.IsMarked("JsonObjectCreationHandlingAttribute")) return null;
        return IsLost(property, constructor)
            ? $"'{property.Name}' of '{type.Name}' is written, and has no setter or constructor parameter by which JSON could read it "
                + "back; give it 'init' or a parameter of its name, or mark it [JsonInclude] or [JsonIgnore]"
            : null;
    }

    /// <summary>
    /// Whether a property that JSON only writes holds a value of its own: it is not computed, and not set once from the
    /// parameters of the constructor that JSON calls.
    /// </summary>
    private static bool IsLost(IPropertySymbol property, IMethodSymbol? constructor)
    {
        if (property.SetMethod is not null) return true;
        var declaring = property.ContainingType;
        if (!IsHeld(property) || constructor?.Parameters.Length > 0) return false;
        return declaring.InstanceConstructors.Any(c => c.Parameters.Length > 0
            && !(c.Parameters.Length == 1 && SymbolEqualityComparer.Default.Equals(c.Parameters[0].Type, declaring)))
            || (property.Type is INamedTypeSymbol { IsGenericType: true } collection
                && StateShape.IsOfFramework(collection.ContainingNamespace.ToDisplayString()) && Changeable.Contains(collection.Name));
    }

    /// <summary>Whether a property has a field of its own.</summary>
    private static bool IsHeld(IPropertySymbol property) => property.ContainingType.GetMembers().OfType<IFieldSymbol>().Any(field =>
        SymbolEqualityComparer.Default.Equals(field.AssociatedSymbol, property));

    /// <summary>Why what a member holds that JSON does not write is lost; null if no reason is seen.</summary>
    private string? FlawOfHidden(ISymbol member, INamedTypeSymbol type, IMethodSymbol? constructor)
    {
        if (member.IsMarked("NonSerializedAttribute") || HiddenState.SourceOf(member, type, constructor, symbolOf) is not { } source)
            return null;
        var kind = member is IFieldSymbol ? "field" : "property";
        return $"the {kind} '{member.Name}' of '{type.Name}' is not written, and holds what {source}; "
            + "make it a public property with 'init', or mark it [JsonInclude], or [JsonIgnore] if it may be lost";
    }

    /// <summary>Why a value of a type is not read back; null if no reason is seen.</summary>
    private string? FlawOf(ITypeSymbol type)
    {
        switch (type)
        {
            case IArrayTypeSymbol { Rank: > 1 }:
                return "JSON cannot write an array of several dimensions";
            case IArrayTypeSymbol array:
                return FlawOf(array.ElementType);
            case { SpecialType: SpecialType.System_Object } or IDynamicTypeSymbol:
                return isConverted(type)
                    ? null
                    : "an 'object' is read back as a JsonElement, whatever it was; give it a type, or make it a JsonElement";
            case INamedTypeSymbol named:
                return FlawOf(named);
            default:
                return null;
        }
    }

    private string? FlawOf(INamedTypeSymbol type)
    {
        if (type.TypeKind == TypeKind.Enum
            || type.OriginalDefinition.SpecialType is not (SpecialType.None or SpecialType.System_Nullable_T) && !type.IsGenericType)
            return null;
        if (!_met.Add(type) || IsTrusted(type)) return null;
        if (_depth > MaxDepth || _met.Count > MaxTypes)
            return type.IsGenericType && !StateShape.IsOfFramework(type.ContainingNamespace.ToDisplayString())
                ? $"'{type.Name}' has members of ever new forms of itself, of which JSON finds no end; "
                    + "give it a JsonConverter, or members of other types"
                : null;
        _depth++;
        var flaw = FlawOfNew(type);
        _depth--;
        return flaw;
    }

    private string? FlawOfNew(INamedTypeSymbol type)
    {
        if (type.TypeKind == TypeKind.Delegate) return $"JSON cannot write '{type.Name}', which is a delegate";
        var shown = type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat);
        if (type.IsTupleType) return $"JSON writes nothing of the tuple '{shown}', whose items are fields; make it a record";
        var space = type.ContainingNamespace.ToDisplayString();
        if (StateShape.IsOfFramework(space))
        {
            var name = $"{space}.{type.Name}";
            if (Reversed.Contains(name)) return $"'{shown}' is read back in the opposite order; use an IReadOnlyList";
            if (WriteOnly.Contains(name))
                return $"JSON writes '{shown}' and cannot read it back; use an IReadOnlyList, "
                    + "an IReadOnlyDictionary or an immutable collection";
            if (Lost.Contains(name))
                return $"'{shown}' has nothing that JSON can set; keep its parts as members of their own, or give it a JsonConverter";
            return type.TypeArguments.Select(FlawOf).FirstOrDefault(flaw => flaw is not null);
        }

        if (type.DeclaringSyntaxReferences.IsEmpty) return null;
        if (type.AllInterfaces.Any(i => i.SpecialType == SpecialType.System_Collections_IEnumerable)) return FlawOfCollection(type);
        return FlawsOf(type).Select(found => found.Flaw).FirstOrDefault();
    }

    /// <summary>A property of an own collection that somebody sets. One that can only be read may be computed from the items.</summary>
    private static string? FlawOfCollection(INamedTypeSymbol type) =>
        MembersOf(type).OfType<IPropertySymbol>().FirstOrDefault(property =>
            property is { DeclaredAccessibility: Accessibility.Public, GetMethod: not null }
            and { SetMethod.DeclaredAccessibility: Accessibility.Public }
            && !property.IsMarked("JsonIgnoreAttribute")
            && !StateShape.IsOfFramework(property.ContainingType.ContainingNamespace.ToDisplayString())) is { } lost
            ? $"'{lost.Name}' of '{type.Name}' is not written, as JSON writes only the items of a collection; "
                + "keep the collection and that value as two members, or mark the value [JsonIgnore]"
            : null;

    private bool IsTrusted(ITypeSymbol type) => type.IsMarked("JsonConverterAttribute") || isConverted(type);
}
