using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators.Analyzers;

/// <summary>What <c>[EventType]</c> says of a type, and whether the event's name is given there or is that of the type.</summary>
internal sealed record DeclaredEvent(
    INamedTypeSymbol Type, string Name, bool IsNamed, int Version, ImmutableArray<string> Aliases, AttributeData Attribute)
{
    /// <summary>All names under which its events may be stored.</summary>
    public IEnumerable<string> Names => Aliases.Insert(0, Name).Distinct(StringComparer.Ordinal);

    public Location Location => Attribute.ApplicationSyntaxReference is { } reference
        ? reference.SyntaxTree.GetLocation(reference.Span)
        : Type.Locations[0];

    public static DeclaredEvent From(INamedTypeSymbol type, AttributeData attribute)
    {
        var name = attribute.ConstructorArguments.FirstOrDefault().Value as string;
        var version = 1;
        var aliases = ImmutableArray<string>.Empty;
        foreach (var argument in attribute.NamedArguments)
        {
            if (argument.Key == "Version" && argument.Value.Value is int number) version = number;
            if (argument.Key == "Aliases" && argument.Value is { Kind: TypedConstantKind.Array, IsNull: false } array)
                aliases = [.. array.Values.Select(value => value.Value).OfType<string>()];
        }

        return new DeclaredEvent(type, name ?? type.Name, name is not null, version, aliases, attribute);
    }
}
