using System.Security.Cryptography;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EventSourcing.Generators;

/// <summary>
/// A text that changes whenever a fold or the shape of its state does: a hash over the code of the class and its bases, of
/// its events, and of the types that its state is made of. Layout, comments and the order of files do not count. Types of
/// other assemblies count by their public properties.
/// </summary>
internal static class FoldFingerprint
{
    public static string Of(INamedTypeSymbol type, IEnumerable<ITypeSymbol> events, int version = 1)
    {
        var types = new StateTypes();
        foreach (var derived in StateShape.DerivedTypesOf(type)) types.Add(derived);
        foreach (var field in BasesAndSelf(type).SelectMany(StateShape.FieldsOf)) types.Add(field.Type);
        foreach (var e in events) types.Add(e);
        var texts = BasesAndSelf(type).Concat(types.All).Select(t => t.OriginalDefinition)
            .Distinct<INamedTypeSymbol>(SymbolEqualityComparer.Default).Select(TextOf).OrderBy(text => text, StringComparer.Ordinal);
        return Hash($"{version}\n{TypeNames.InMetadata(type)}\n{string.Join("\n", texts)}");
    }

    private static IEnumerable<INamedTypeSymbol> BasesAndSelf(INamedTypeSymbol type)
    {
        for (var current = type; current is { SpecialType: SpecialType.None } && !current.IsOurs("Aggregate"); current = current.BaseType)
            yield return current;
    }

    private static string TextOf(INamedTypeSymbol type)
    {
        if (type.DeclaringSyntaxReferences.IsEmpty)
        {
            var properties = type.GetMembers().OfType<IPropertySymbol>().Where(p => p.DeclaredAccessibility == Accessibility.Public);
            return $"{type} {string.Join(", ", properties.Select(p => $"{p.Type} {p.Name}"))}";
        }

        var parts = type.DeclaringSyntaxReferences.Select(part => CodeOf(part.GetSyntax())).OrderBy(text => text, StringComparer.Ordinal);
        return $"{type} {string.Join("\n", parts)}";
    }

    /// <summary>The tokens of a declaration, without its attributes, which do not affect the fold.</summary>
    private static string CodeOf(SyntaxNode declaration)
    {
        var attributes = declaration is MemberDeclarationSyntax member ? member.AttributeLists : default;
        return string.Join(" ", declaration.DescendantTokens(node => node is not AttributeListSyntax list || !attributes.Contains(list))
            .Select(token => token.Text));
    }

    private static string Hash(string text)
    {
        using var sha256 = SHA256.Create();
        return string.Concat(sha256.ComputeHash(Encoding.UTF8.GetBytes(text))
            .Take(8).Select(b => b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));
    }
}
