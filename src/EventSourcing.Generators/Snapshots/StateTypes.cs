using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>
/// The app's own types that a state is made of or may turn out to be, whether JSON can keep them or not: what a fold calls on
/// them is part of the fold, and the meaning of an enum's numbers is part of the shape.
/// </summary>
internal sealed class StateTypes
{
    // A generic type can have members of ever new forms of itself. Their code is the same.
    private const int MaxDepth = 64;
    private const int MaxTypes = 10_000;

    private readonly HashSet<ITypeSymbol> _met = new(SymbolEqualityComparer.Default);
    private int _depth;
    private readonly List<INamedTypeSymbol> _types = [];

    public IReadOnlyList<INamedTypeSymbol> All => _types;

    public void Add(ITypeSymbol type)
    {
        if (type is IArrayTypeSymbol array)
        {
            Add(array.ElementType);
            return;
        }

        if (type is not INamedTypeSymbol { SpecialType: SpecialType.None } named || !_met.Add(named)) return;
        if (_depth > MaxDepth || _met.Count > MaxTypes) return;
        _depth++;
        AddParts(named);
        _depth--;
    }

    private void AddParts(INamedTypeSymbol named)
    {
        foreach (var argument in named.TypeArguments) Add(argument);
        if (named.IsTupleType || StateShape.IsOfFramework(named.ContainingNamespace.ToDisplayString())) return;
        _types.Add(named);
        if (named.TypeKind == TypeKind.Enum) return;
        foreach (var derived in StateShape.DerivedTypesOf(named)) Add(derived);
        if (named.BaseType is { } declaring) Add(declaring);
        foreach (var held in named.GetMembers())
        {
            if (held is IFieldSymbol { IsStatic: false } field) Add(field.Type);
            else if (held is IPropertySymbol { IsStatic: false } property) Add(property.Type);
        }
    }
}
