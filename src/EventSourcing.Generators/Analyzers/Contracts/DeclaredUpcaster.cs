using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators.Analyzers;

/// <summary>
/// What <c>[Upcaster]</c> says of a method: which stored events it takes, and which version it turns them into; no version if
/// it turns them into current types.
/// </summary>
internal sealed record DeclaredUpcaster(string Name, int Version, (string Name, int Version)? Next)
{
    public static DeclaredUpcaster? Of(IMethodSymbol method, LibraryTypes library)
    {
        if (LibraryTypes.AttributeOf(method, library.UpcasterAttribute) is not { } attribute) return null;
        var isInto = attribute.NamedArguments.Any(argument =>
            argument.Key == "Into" && argument.Value is { Kind: TypedConstantKind.Array, Values.Length: > 0 });
        if (attribute.ConstructorArguments.Length == 2)
        {
            if (attribute.ConstructorArguments[0].Value is not string name || attribute.ConstructorArguments[1].Value is not int version)
                return null;
            return new DeclaredUpcaster(name, version, isInto || method.ReturnType.Name != "JsonObject" ? null : (name, version + 1));
        }

        if (method.Parameters.FirstOrDefault()?.Type is not INamedTypeSymbol old || library.EventOf(old) is not { } from) return null;
        var isOwn = LibraryTypes.Same(method.ReturnType.ContainingAssembly, method.ContainingAssembly);
        var to = !isInto && isOwn && method.ReturnType is INamedTypeSymbol current ? library.EventOf(current) : null;
        return new DeclaredUpcaster(from.Name, from.Version, to is null ? null : (to.Name, to.Version));
    }
}
