using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>Reads types marked [EventType].</summary>
internal static class EventParser
{
    public static Parsed<EventEntry> Parse(GeneratorAttributeSyntaxContext marked)
    {
        var type = (INamedTypeSymbol)marked.TargetSymbol;
        var attribute = marked.Attributes[0];
        var name = attribute.ConstructorArguments.FirstOrDefault().Value as string ?? type.Name;
        var version = attribute.Named("Version")?.Value as int? ?? 1;
        var aliases = attribute.Named("Aliases") is { Kind: TypedConstantKind.Array, IsNull: false } given
            ? given.Values.Select(value => value.Value as string ?? "").ToEquatableList()
            : EquatableList<string>.Empty;

        if (!type.IsInternallyAccessible()) return Failed(GeneratorDiagnostics.EventNotAccessible, type, type.Name);
        if (type.WhyNotConcrete() is { } why) return Failed(GeneratorDiagnostics.EventNotConcrete, type, type.Name, why);
        if (aliases.Prepend(name).FirstOrDefault(IsReserved) is { } reserved)
            return Failed(GeneratorDiagnostics.NameReserved, type, reserved);
        if (StoredNames.Flaw(name, version, aliases) is { } flaw)
            return Failed(GeneratorDiagnostics.EventTypeInvalid, type, type.Name, flaw);
        return Parsed<EventEntry>.Of(new EventEntry(TypeNames.Of(type), name, version, aliases));
    }

    /// <summary>Whether code elsewhere in the assembly can name a symbol.</summary>
    public static bool IsInternallyAccessible(this ISymbol symbol)
    {
        for (var current = symbol; current is not null and not INamespaceSymbol; current = current.ContainingSymbol)
        {
            if (current.DeclaredAccessibility is Accessibility.Private or Accessibility.Protected or Accessibility.ProtectedAndInternal
                || current is INamedTypeSymbol { IsFileLocal: true })
                return false;
        }

        return true;
    }

    /// <summary>Why no event can be of a type; null if one can.</summary>
    public static string? WhyNotConcrete(this INamedTypeSymbol type) =>
        type.IsStatic ? "static"
        : type.IsRefLikeType ? "a ref struct"
        : type.IsAbstract ? "abstract"
        : type.IsOpenGeneric() ? "an open generic type"
        : null;

    public static bool IsOpenGeneric(this INamedTypeSymbol type) => type.Arity > 0 || type.ContainingType?.IsOpenGeneric() == true;

    public static TypedConstant? Named(this AttributeData attribute, string name)
    {
        foreach (var argument in attribute.NamedArguments)
        {
            if (argument.Key == name) return argument.Value;
        }

        return null;
    }

    /// <summary>Whether a name ends like the stored names of versions.</summary>
    public static bool IsReserved(string name)
    {
        var stem = name.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        return stem.Length < name.Length && stem.EndsWith("@", StringComparison.Ordinal);
    }

    private static Parsed<EventEntry> Failed(DiagnosticDescriptor descriptor, ISymbol symbol, params string[] arguments) =>
        Parsed<EventEntry>.Failed(DiagnosticInfo.Of(descriptor, symbol, arguments));
}
